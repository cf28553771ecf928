import type { Stream } from '../core/facts.ts';
import { isSetId, parseFileValue } from './files.ts';

/** Buckets (by place) that hold a set-id file or one with capabilities. Looks at the mode before it makes an object. */
export function privileged(stream: Stream, ends: readonly number[]): Set<number> {
  const found = new Set<number>();
  let bucket = 0;
  for (let nul = stream.indexOf(0); nul >= 0; ) {
    const lf = stream.indexOf(10, nul);
    const end = lf < 0 ? stream.length : lf;
    while (bucket < ends.length && nul >= (ends[bucket] ?? 0)) bucket++;
    if (stream[nul + 1] === 102 && !found.has(bucket)) {
      const file = parseFileValue(stream.toString('latin1', nul + 1, end));
      if (isSetId(file) || /^[0-9a-f]/.test(file.capabilities)) found.add(bucket);
    }
    nul = lf < 0 ? -1 : stream.indexOf(0, lf);
  }
  return found;
}
