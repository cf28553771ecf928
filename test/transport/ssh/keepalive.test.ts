import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keepaliveCount, keepaliveOf } from '../../../src/transport/ssh/keepalive.ts';

it('a lost connection and silence never race: keepalives end it clearly before the idle limit, or are not sent', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_600_000 }), (idleMs) => {
      const ends = (keepaliveCount + 1) * keepaliveOf(idleMs);
      expect(ends).toBeLessThanOrEqual(0.8 * idleMs);
    }),
  );
  expect([1000, 4000, 4999, 5000, 30_000, 60_000, 600_000].map(keepaliveOf)).toEqual([
    0, 0, 0, 1000, 6000, 12_000, 15_000,
  ]);
});
