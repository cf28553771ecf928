import type { Stream } from '../core/facts.ts';

/** How many regular files a `files` stream holds, how many of them were hashed, and their bytes. */
export interface HashTotals {
  seen: number;
  hashed: number;
  bytes: number;
}

const LF = 10;
const NUL = 0;
/** `f`, the type of a regular file. */
const regular = 102;
/** Longest that type, mode, owner, group and size can be, in characters. */
const headLength = 64;

/** Counts without making an object for an entry. */
export function hashTotals(files: Stream): HashTotals {
  const totals = { seen: 0, hashed: 0, bytes: 0 };
  for (let nul = files.indexOf(NUL); nul >= 0; ) {
    if (files[nul + 1] === regular) {
      const [, , , , size, sha256] = files.toString('latin1', nul + 1, nul + 1 + headLength).split(' ', 6);
      totals.seen++;
      if (!sha256?.startsWith('?')) {
        totals.hashed++;
        totals.bytes += Number(size) || 0;
      }
    }
    const lf = files.indexOf(LF, nul);
    nul = lf < 0 ? -1 : files.indexOf(NUL, lf);
  }
  return totals;
}
