import type { Buckets } from '../core/ask.ts';
import type { Stream } from '../core/facts.ts';
import { bucketDigest, bucketsOf } from './buckets.ts';

/**
 * A stream as what it has beside another one: instances of one image share nearly everything. The format is ours: a
 * line of JSON, `[first, count]` for buckets of the base and a number for that many literal bytes, then the literals.
 */
export function encodeDelta(stream: Stream, base: Buckets): Buffer {
  const places = placesOf(base);
  const { ends } = bucketsOf(stream);
  const steps: ([first: number, count: number] | number)[] = [];
  const literals: Buffer[] = [];
  for (const [i, end] of ends.entries()) {
    const bytes = stream.subarray(ends[i - 1] ?? 0, end);
    const place = places.get(bucketDigest('', bytes));
    const last = steps.at(-1);
    if (place === undefined) {
      literals.push(bytes);
      if (typeof last === 'number') steps[steps.length - 1] = last + bytes.length;
      else steps.push(bytes.length);
    } else if (Array.isArray(last) && last[0] + last[1] === place) last[1]++;
    else steps.push([place, 1]);
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify(steps)}\n`), ...literals]);
}

/** The stream again. @throws Error when the bytes are no delta of this base. */
export function decodeDelta(bytes: Buffer, base: Buckets): Stream {
  const lf = bytes.indexOf(10);
  const steps = JSON.parse(bytes.toString('latin1', 0, lf)) as ([number, number] | number)[];
  let at = lf + 1;
  const parts = steps.map((step) => {
    if (typeof step === 'number') {
      at += step;
      return bytes.subarray(at - step, at);
    }
    const [first, count] = step;
    const end = base.ends[first + count - 1];
    if (end === undefined) throw new Error('a bucket that the base does not have');
    return base.stream.subarray(base.ends[first - 1] ?? 0, end);
  });
  if (at !== bytes.length) throw new Error('the delta is cut');
  return Buffer.concat(parts);
}

const known = new WeakMap<Stream, Map<string, number>>();

/** Place of each bucket by its digest; computed once a base. */
function placesOf({ stream, ends }: Buckets): Map<string, number> {
  const places =
    known.get(stream) ?? new Map(ends.map((end, i) => [bucketDigest('', stream.subarray(ends[i - 1] ?? 0, end)), i]));
  known.set(stream, places);
  return places;
}
