import type { ImageReport } from '../core/report.ts';

/** Most that are listed of an image, the farthest first. */
const most = 100;

/**
 * How far each instance is from what most of its siblings share: of all live findings that it or they have, the share that
 * only one side has (Jaccard distance). 0 = like most; 1 = nothing in common. Those at 0 are left out. Farthest first.
 */
export function outliersOf(
  siblings: readonly { id: string; live: Int32Array }[],
  shared: ReadonlySet<number>,
): NonNullable<ImageReport['outliers']> {
  const far: NonNullable<ImageReport['outliers']> = [];
  for (const { id, live: numbers } of siblings) {
    const live = new Set(numbers);
    let common = 0;
    for (const number of live) if (shared.has(number)) common++;
    const own = live.size - common;
    const missing = shared.size - common;
    if (own + missing === 0) continue;
    const distance = (own + missing) / (live.size + missing);
    far.push({ instance: id, own, missing, distance: Math.round(distance * 1000) / 1000 });
  }
  far.sort((a, b) => b.distance - a.distance || b.own - a.own || (a.instance < b.instance ? -1 : 1));
  return far.slice(0, most);
}
