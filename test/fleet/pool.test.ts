import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Finding } from '../../src/core/finding.ts';
import { Keeper } from '../../src/fleet/keeper.ts';
import { Numbers } from '../../src/fleet/numbers.ts';
import { FindingPool } from '../../src/fleet/pool.ts';

const finding = (id: string, subject: string, more: Partial<Finding> = {}): Finding => ({
  ...{ id, kind: 'file', change: 'added', subject, severity: 'high', disposition: 'drift', rule: 'r/x' },
  ...{ reason: 'why', explains: 0, explained: false, tamper: false, controls: ['C 1'], ...more },
});
const id = fc.oneof(
  fc.stringMatching(/^sf-[0-9a-f]{16}$/),
  fc.constantFrom('sf-X', 'sf-00', ''),
  fc.string({ unit: 'binary' }),
);
const some = fc.record({
  id,
  subject: fc.oneof(fc.constantFrom('/a', '/b', '/c'), fc.string({ unit: 'binary', maxLength: 20 })),
  reason: fc.constantFrom('one', 'other', 'a\nb\r\u2028\ud800'),
  disposition: fc.constantFrom<Finding['disposition']>('drift', 'expected'),
});

it('findings come out of the pool as they went in, shared or not, again and again', () => {
  fc.assert(
    fc.property(fc.array(fc.array(some, { maxLength: 8 }), { maxLength: 8 }), (fleet) => {
      const keeper = new Keeper();
      const instances = fleet.map((list) => list.map(({ id: of, subject, ...more }) => finding(of, subject, more)));
      const kept = instances.map((list) => keeper.keep(list));
      for (const _ of [1, 2])
        for (const [i, { findings }] of kept.entries()) {
          expect(findings).toHaveLength(instances[i]?.length ?? -1);
          expect([...findings]).toEqual(JSON.parse(JSON.stringify(instances[i])));
        }
    }),
  );
});

it('findings that were packed away, and those larger than a block, come back in any order', () => {
  const pool = new FindingPool();
  const text = 'x'.repeat(900_000);
  const all = Array.from({ length: 130 }, (_, i) =>
    finding(`sf-${i.toString(16).padStart(16, '0')}`, `/${i}`, { reason: i % 50 === 0 ? text.repeat(2) : text }),
  );
  const kept = all.map((one, i) => pool.add([one], Int32Array.of(i)));
  // The first signature comes again when its block is packed: it is kept anew.
  const again = pool.add([all[0] as Finding], Int32Array.of(0));
  for (const i of [129, 0, 50, 1, 0, 128, 100]) expect([...(kept[i] ?? [])]).toEqual([all[i]]);
  expect([...again]).toEqual([all[0]]);
});

it('equal texts have the same number, others another, however many there are', () => {
  const numbers = new Numbers();
  for (const round of [1, 2])
    for (let i = 0; i < 5000; i++) expect([round, numbers.of(`text ${i}`)]).toEqual([round, i]);
  expect(numbers.size).toBe(5000);
});
