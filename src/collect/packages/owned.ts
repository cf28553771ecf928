import type { Draft } from '../../core/draft.ts';
import type { Shipped } from '../../core/facts.ts';

/** Files of packages as a parser finds them: raw path -> `package sum [conffile]`, and what the package put there. */
export interface OwnedFiles {
  owned: Map<string, string>;
  shipped: Map<string, Shipped>;
}

/** Puts what a parser found into the draft; what is owned already stays so where `first` is said. */
export function noteFiles(draft: Draft, { owned, shipped }: OwnedFiles, first?: 'first'): void {
  for (const [path, owner] of owned) {
    if (first && draft.owned.has(path)) continue;
    draft.owned.set(path, owner);
    const what = shipped.get(path);
    if (what) draft.shipped.set(path, what);
  }
}

/** Notes packages or settings. */
export function noteFacts(draft: Draft, facts: ReadonlyMap<string, string>): void {
  for (const [key, value] of facts) draft.packages.set(key, value);
}
