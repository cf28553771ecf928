import type { Stream } from '../core/facts.ts';
import type { Drift } from '../core/finding.ts';

const LF = 10;
const NUL = 0;
/** Equal stretches are skipped in windows of this many bytes with one memcmp each; performance.md measured 64 KiB as best. */
const window = 65_536;

/** One line in which two streams differ. Offsets into the buffers; -1 where a side has no such key. */
export type Difference = (before: Line | undefined, after: Line | undefined) => void;

/** A line of a stream: bytes from `begin` to `end` (without LF), the key ends at `nul`. */
export interface Line {
  begin: number;
  nul: number;
  end: number;
}

/**
 * Merge-joins two canonical streams and reports each key that is only in one of them or has another value, in key
 * order. Time is one memcmp of what is equal, and a few comparisons for each line that is not; no object is made for
 * an equal line.
 */
export function mergeStreams(before: Stream, after: Stream, report: Difference): void {
  let a = 0;
  let b = 0;
  let stride = window;
  while (a < before.length && b < after.length) {
    const length = Math.min(stride, before.length - a, after.length - b);
    if (length > 0 && before.compare(after, b, b + length, a, a + length) === 0) {
      a += length;
      b += length;
      stride = Math.min(stride * 4, window);
      continue;
    }
    const equal = commonPrefix(before, a, after, b, length);
    // Both sides are equal since the begin of this line, so it begins at the same distance in both.
    const back = a + equal - lineStart(before, a + equal);
    const lineA = lineAt(before, a + equal - back);
    const lineB = lineAt(after, b + equal - back);
    const order = compareKeys(before, lineA, after, lineB);
    if (order === 0) {
      report(lineA, lineB);
      a = lineA.end + 1;
      b = lineB.end + 1;
    } else if (order < 0) {
      report(lineA, undefined);
      a = lineA.end + 1;
      b = lineB.begin;
    } else {
      report(undefined, lineB);
      a = lineA.begin;
      b = lineB.end + 1;
    }
    // Differences come in clusters: start small again and grow.
    stride = 512;
  }
  for (; a < before.length; ) {
    const line = lineAt(before, a);
    report(line, undefined);
    a = line.end + 1;
  }
  for (; b < after.length; ) {
    const line = lineAt(after, b);
    report(undefined, line);
    b = line.end + 1;
  }
}

/** Number of equal bytes from `a` and `b`, less than `length`, by bisection with memcmp. */
function commonPrefix(before: Buffer, a: number, after: Buffer, b: number, length: number): number {
  let equal = 0;
  let unknown = length;
  while (unknown > 1) {
    const half = unknown >>> 1;
    const same = before.compare(after, b + equal, b + equal + half, a + equal, a + equal + half) === 0;
    if (same) {
      equal += half;
      unknown -= half;
    } else unknown = half;
  }
  return equal;
}

/** Offset of the first byte of the line that holds the byte at `at`. */
function lineStart(stream: Buffer, at: number): number {
  return at === 0 ? 0 : stream.lastIndexOf(LF, at - 1) + 1;
}

function lineAt(stream: Buffer, begin: number): Line {
  const lf = stream.indexOf(LF, begin);
  const end = lf < 0 ? stream.length : lf;
  const nul = stream.indexOf(NUL, begin);
  return { begin, nul: nul < 0 || nul > end ? end : nul, end };
}

function compareKeys(before: Buffer, a: Line, after: Buffer, b: Line): number {
  return before.compare(after, b.begin, b.nul, a.begin, a.nul);
}

/** The differences as drifts, for a stream of the given name; of those that `wanted` takes the first `most` and one more. */
export function driftOf(
  stream: Drift['stream'],
  before: Stream,
  after: Stream,
  most = Number.POSITIVE_INFINITY,
  wanted: (change: Drift['change']) => boolean = () => true,
): Drift[] {
  const drifts: Drift[] = [];
  mergeStreams(before, after, (a, b) => {
    if (drifts.length > most || !wanted(a && b ? 'changed' : a ? 'removed' : 'added')) return;
    const side = a ? before : after;
    const line = a ?? b;
    if (!line) return;
    const drift: Drift = {
      stream,
      change: a && b ? 'changed' : a ? 'removed' : 'added',
      key: side.toString('latin1', line.begin, line.nul),
    };
    if (a) drift.before = before.toString('latin1', a.nul + 1, a.end);
    if (b) drift.after = after.toString('latin1', b.nul + 1, b.end);
    drifts.push(drift);
  });
  return drifts;
}
