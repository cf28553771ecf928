import type { Fingerprint, Gap } from '../core/facts.ts';
import { Below } from './below.ts';

/**
 * Which paths of an instance are unknown: below a directory that may not be read, below a mount that was left out, or
 * in a walk that did not come to its end. What is unknown there is never "removed".
 */
export class Unknown {
  private readonly below: Below;
  readonly everything: boolean;

  constructor(live: Fingerprint) {
    this.everything = live.partial.includes('files');
    const closed = live.gaps.filter((gap) => gap.probe === 'files').flatMap((gap) => gap.paths ?? []);
    this.below = new Below([...closed, ...live.mounts.map(({ path }) => path)]);
  }

  /** Could a path that was not seen still be there? */
  mayBeThere(path: string): boolean {
    return this.everything || this.below.has(path);
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
