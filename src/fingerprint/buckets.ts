import { createHash } from 'node:crypto';
import type { Buckets } from '../core/ask.ts';
import type { Stream } from '../core/facts.ts';

/**
 * Entries in byte order of their paths are cut into buckets behind each path whose mix of length and ten bytes is
 * divisible by 101: about every hundred entries. The path alone decides: an entry that comes or goes moves no other
 * cut. The program does the same in awk (collect/files/buckets-question.ts).
 */
const modulus = 101;
/** No bucket holds more entries, whatever the names are. */
export const longestBucket = 1024;
/** Spreads the 255 possible bytes, so that neighbours in ASCII are no neighbours in the sum. */
const spread = new Uint16Array(256).map((_, byte) => (byte * byte * 7 + byte * 13) % 1021);
const [LF, NUL, TAB, DEL, BACKSLASH, SLASH] = [10, 0, 9, 127, 92, 47];
/** Slashes that are thought before a path, so that each of the ten bytes is there. */
const padding = 13;

/** Is there a cut behind the path `bytes[from..to)`? */
export function cutsBehind(bytes: Uint8Array, from: number, to: number): boolean {
  const n = to - from + padding;
  // One-based, as awk counts.
  const at = (i: number): number => spread[i > padding ? (bytes[from + i - padding - 1] ?? 0) : SLASH] ?? 0;
  const end = n * 31 + at(n - 1) * 37 + at(n - 4) * 41 + at(n - 6) * 101 + at(n - 8) * 43 + at(n - 12) * 67;
  const half = at(Math.floor(n / 2)) * 47 + at(Math.floor(n / 3)) * 53;
  const far = at(Math.floor((n * 2) / 3)) * 59 + at(Math.floor((n * 3) / 4)) * 61;
  return ((end + half + far) % 8191) % modulus === 0;
}

/** Cuts a `files` stream. Lines with odd names or link targets (control characters, backslash) are left out. */
export function bucketsOf(files: Stream): Buckets {
  const stream = withoutOdd(files);
  const ends: number[] = [];
  let count = 0;
  for (let at = 0; at < stream.length; ) {
    const nul = stream.indexOf(NUL, at);
    const next = stream.indexOf(LF, nul) + 1 || stream.length;
    count++;
    if (count === longestBucket || cutsBehind(stream, at, nul)) {
      ends.push(next);
      count = 0;
    }
    at = next;
  }
  if (count > 0) ends.push(stream.length);
  return { stream, ends };
}

/** The lines of a stream that the walk by buckets does not see, and the others. Usually there is none: then nothing is copied. */
export function partOdd(files: Stream): { plain: Stream; odd: Stream } {
  const plain: Buffer[] = [];
  const odd: Buffer[] = [];
  let from = 0;
  for (let at = nextOdd(files, 0); at >= 0; at = nextOdd(files, from)) {
    const begin = files.lastIndexOf(LF, at) + 1;
    const next = files.indexOf(LF, at) + 1 || files.length;
    plain.push(files.subarray(from, begin));
    odd.push(files.subarray(begin, next));
    from = next;
  }
  if (odd.length === 0) return { plain: files, odd: Buffer.alloc(0) };
  plain.push(files.subarray(from));
  return { plain: Buffer.concat(plain), odd: Buffer.concat(odd) };
}

const withoutOdd = (files: Stream): Stream => partOdd(files).plain;

/** Offset of the first byte at or after `from` that only an odd line holds; -1 when there is none. */
function nextOdd(files: Stream, from: number): number {
  for (let at = from; at < files.length; at++) {
    const byte = files[at] ?? 0;
    if (byte === BACKSLASH || byte === DEL || (byte < 32 && byte !== LF && byte !== NUL)) return at;
  }
  return -1;
}

/** Digest of each bucket as the program computes it: 16 hex digits of sha256 over the salt and the lines, NUL as TAB. */
export function contentDigests({ stream, ends }: Buckets, salt: string): string[] {
  return ends.map((_, i) => contentDigest({ stream, ends }, i, salt));
}

/** The same of the bucket at one place. */
export function contentDigest({ stream, ends }: Buckets, i: number, salt: string): string {
  const text = Buffer.from(stream.subarray(ends[i - 1] ?? 0, ends[i]));
  for (let nul = text.indexOf(NUL); nul >= 0; nul = text.indexOf(NUL, nul + 1)) text[nul] = TAB;
  return bucketDigest(salt, text);
}

/** Digest of the lines of one bucket. */
export function bucketDigest(salt: string, lines: Buffer): string {
  return createHash('sha256').update(`${salt}\n`).update(lines).digest('hex').slice(0, 16);
}

/** Ends of buckets that hold so many lines each; undefined when the stream has another number of lines. */
export function endsByCounts(stream: Stream, counts: readonly number[]): number[] | undefined {
  const ends: number[] = [];
  let at = 0;
  for (const count of counts) {
    for (let i = 0; i < count; i++) {
      const lf = stream.indexOf(LF, at);
      if (lf < 0) return undefined;
      at = lf + 1;
    }
    ends.push(at);
  }
  return at === stream.length ? ends : undefined;
}
