import type { Ask } from '../../src/core/ask.ts';

/** Limits that no test of the walk comes near. */
export const limits = { connectMs: 5000, idleMs: 30_000, totalMs: 60_000, maxBytes: 1 << 28 };
export const salt = 'a0b1c2d3e4f50617';

/** A full walk by buckets that expects nothing yet. */
export const plainAsk: Ask = {
  depth: 'full',
  scratch: 'memory',
  largestFile: 0,
  mostBytes: 0,
  cpuShare: 100,
  remember: true,
  salt,
};
