import type { Fingerprint, Gap } from '../core/facts.ts';

/**
 * Which paths of an instance are unknown: below a directory that may not be read, below a mount that was left out, or
 * in a walk that did not come to its end. What is unknown there is never "removed".
 */
export class Unknown {
  private readonly exact = new Set<string>();
  private readonly below: string[] = [];
  readonly everything: boolean;

  constructor(live: Fingerprint) {
    this.everything = live.partial.includes('files');
    for (const gap of live.gaps) {
      if (gap.probe !== 'files') continue;
      for (const path of gap.paths ?? []) {
        this.exact.add(path);
        this.below.push(path === '/' ? '/' : `${path}/`);
      }
    }
    for (const { path } of live.mounts) {
      this.exact.add(path);
      this.below.push(`${path}/`);
    }
  }

  /** Could a path that was not seen still be there? */
  mayBeThere(path: string): boolean {
    return this.everything || this.exact.has(path) || this.below.some((prefix) => path.startsWith(prefix));
  }
}

/** Image paths hidden by mounts become gaps: the image has something there that nobody could look at. */
export function coveredGaps(hidden: Map<string, { type: string; count: number }>): Gap[] {
  return [...hidden].map(([path, { type, count }]) => ({
    probe: 'files',
    reason: 'covered' as const,
    detail: `a ${type} mount on ${path} hides ${count} ${count === 1 ? 'entry' : 'entries'} of the image`,
    paths: [path],
  }));
}
