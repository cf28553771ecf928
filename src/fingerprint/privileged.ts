import type { FileCheck } from '../core/ask.ts';
import type { Stream } from '../core/facts.ts';
import { hasCapabilities, isSetId, parseFileValue } from './files.ts';

/**
 * Files that run with the rights of others (set-id bits, capabilities), by place of their bucket and line in it, with what they
 * held. Files without a digest are left out. Looks at the mode before it makes an object.
 */
export function privileged(stream: Stream, ends: readonly number[]): Map<number, FileCheck[]> {
  const found = new Map<number, FileCheck[]>();
  let bucket = 0;
  let line = 0;
  for (let at = 0; at < stream.length; ) {
    while (bucket < ends.length && at >= (ends[bucket] ?? 0)) {
      bucket++;
      line = 0;
    }
    line++;
    const nul = stream.indexOf(0, at);
    const lf = stream.indexOf(10, nul);
    const end = lf < 0 ? stream.length : lf;
    if (nul < 0) break;
    if (stream[nul + 1] === 102) {
      const file = parseFileValue(stream.toString('latin1', nul + 1, end));
      if ((isSetId(file) || hasCapabilities(file)) && file.sha256.length === 64) {
        found.set(bucket, [...(found.get(bucket) ?? []), { line, sha256: file.sha256 }]);
      }
    }
    at = end + 1;
  }
  return found;
}
