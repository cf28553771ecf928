import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pooled } from '../../src/app/pool.ts';

it('works on each item once and keeps to both limits', async () => {
  const groups = fc.array(fc.constantFrom('', 'a', 'b', 'c'), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(
      groups,
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 0, max: 3 }),
      async (items, concurrency, perGroup) => {
        const busy = new Map<string, number>();
        const done: number[] = [];
        let [all, most] = [0, 0];
        await pooled(items, { concurrency, perGroup, groupOf: (group) => group }, async (group, index) => {
          most = Math.max(most, ++all);
          busy.set(group, (busy.get(group) ?? 0) + 1);
          if (perGroup > 0 && group !== '') expect(busy.get(group)).toBeLessThanOrEqual(perGroup);
          await sleep(0);
          busy.set(group, (busy.get(group) ?? 0) - 1);
          all--;
          done.push(index);
        });
        expect(done.sort((a, b) => a - b)).toEqual(items.map((_, i) => i));
        expect(most).toBeLessThanOrEqual(concurrency);
        if (perGroup === 0) expect(most).toBe(Math.min(concurrency, items.length));
      },
    ),
    { numRuns: 50 },
  );
});

it('gives the first error on', async () => {
  const work = pooled([1, 2], { concurrency: 1, perGroup: 0, groupOf: () => '' }, () =>
    Promise.reject(new Error('broken')),
  );
  await expect(work).rejects.toThrow('broken');
});
