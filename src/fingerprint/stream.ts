import type { Stream } from '../core/facts.ts';

const LF = 10;
const NUL = 0;

/** Encodes facts as a canonical stream: `key NUL value LF`, sorted by key in byte order. Keys and values are latin1. */
export function encodeStream(facts: Map<string, string>): Stream {
  const lines = Array.from(facts, ([key, value]) => `${key}\0${value}`);
  return encodeLines(lines);
}

/**
 * The same for lines that are already `key NUL value`. The default sort compares UTF-16 units, which is byte order for
 * latin1, and NUL sorts before anything a key may hold, so lines sort as their keys do. Sorts the array in place. A key
 * that comes twice (a file that changed its type between two walks) is kept once: a key is one fact.
 */
export function encodeLines(lines: string[]): Stream {
  lines.sort();
  const unique = lines.some((line, i) => i > 0 && sameKey(lines[i - 1] ?? '', line))
    ? lines.filter((line, i) => i === 0 || !sameKey(lines[i - 1] ?? '', line))
    : lines;
  return Buffer.from(unique.length > 0 ? `${unique.join('\n')}\n` : '', 'latin1');
}

/** Do two lines begin with the same `key NUL`? Decided by one character nearly always. */
function sameKey(a: string, b: string): boolean {
  const nul = a.indexOf('\0');
  return b.charCodeAt(nul) === 0 && b.startsWith(a.slice(0, nul + 1));
}

/** Puts the few lines of `some` into their places in `stream`; a key that is in both is kept as `some` says it. */
export function mergeStreams(stream: Stream, some: Stream): Stream {
  if (some.length === 0) return stream;
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = 0; at < some.length; ) {
    const end = some.indexOf(LF, at) + 1 || some.length;
    const line = some.subarray(at, end);
    const key = line.subarray(0, line.indexOf(NUL) + 1);
    const place = firstAtOrAfter(stream, key);
    parts.push(stream.subarray(from, place), line);
    const same = stream.subarray(place, place + key.length).equals(key);
    from = same ? stream.indexOf(LF, place) + 1 : place;
    at = end;
  }
  parts.push(stream.subarray(from));
  return Buffer.concat(parts);
}

/** Facts of a stream in order. */
export function* readStream(stream: Stream): Generator<[key: string, value: string]> {
  for (let at = 0; at < stream.length; ) {
    const nul = stream.indexOf(NUL, at);
    const lf = stream.indexOf(LF, at);
    const end = lf < 0 ? stream.length : lf;
    if (nul >= 0 && nul < end) yield [stream.toString('latin1', at, nul), stream.toString('latin1', nul + 1, end)];
    at = end + 1;
  }
}

/** Value of one key by bisection; undefined when it is not there. */
export function lookup(stream: Stream, key: string): string | undefined {
  const wanted = Buffer.from(`${key}\0`, 'latin1');
  const at = firstAtOrAfter(stream, wanted);
  if (at + wanted.length > stream.length || stream.compare(wanted, 0, wanted.length, at, at + wanted.length) !== 0)
    return undefined;
  const end = stream.indexOf(LF, at + wanted.length);
  return stream.toString('latin1', at + wanted.length, end < 0 ? stream.length : end);
}

/** Keys that begin with `prefix`, in order. Finds the first by bisection. */
export function* keysBelow(stream: Stream, prefix: string): Generator<string> {
  const wanted = Buffer.from(prefix, 'latin1');
  for (let at = firstAtOrAfter(stream, wanted); at < stream.length; ) {
    const nul = stream.indexOf(NUL, at);
    const lf = stream.indexOf(LF, at);
    if (nul < 0 || !stream.subarray(at, at + wanted.length).equals(wanted)) return;
    yield stream.toString('latin1', at, nul);
    if (lf < 0) return;
    at = lf + 1;
  }
}

/** Offset of the first line that is not less than `wanted`. */
function firstAtOrAfter(stream: Stream, wanted: Buffer): number {
  let low = 0;
  let high = stream.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const begin = stream.lastIndexOf(LF, middle - 1 < 0 ? 0 : middle - 1);
    const line = middle === 0 || begin < 0 ? 0 : begin + 1;
    const lf = stream.indexOf(LF, line);
    const end = lf < 0 ? stream.length : lf;
    if (stream.compare(wanted, 0, wanted.length, line, end) < 0) low = end + 1;
    else high = line;
  }
  return Math.min(low, stream.length);
}

/** Number of facts. */
export function countFacts(stream: Stream): number {
  let count = 0;
  for (let at = stream.indexOf(LF); at >= 0; at = stream.indexOf(LF, at + 1)) count++;
  return count;
}
