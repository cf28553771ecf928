import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/core/finding.ts';
import { ImageOpinions } from '../../src/fleet/consensus.ts';
import { Keeper } from '../../src/fleet/keeper.ts';
import { makeFinding } from '../../src/policy/make.ts';

const parts = { severity: 'high', disposition: 'drift', rule: 'r/x', reason: 'a reason of a test' } as const;
const file = (id: string, path: string) => makeFinding(id, 'file', 'added', path, parts);
const upgrade = (id: string, now: string): Finding => ({
  ...makeFinding(id, 'package', 'changed', 'openssl', parts),
  ...{ before: { version: '1' }, after: { version: now } },
});
const member = (id: string, findings: Finding[]) => ({ id, findings });

const reportOf = (members: ReturnType<typeof member>[], since: Record<string, string> = {}) => {
  const [keeper, opinions, image] = [new Keeper(), new ImageOpinions(), 'web:42'];
  const kept = members.map(({ id, findings }) => ({ id, ...keeper.keep(findings) }));
  for (const { numbers } of kept) keeper.census.count(image, numbers);
  for (const { id, findings, numbers } of kept) {
    const seen = Array.from(findings, (finding, i) => {
      const prevalence = keeper.census.prevalence(image, numbers[i] ?? -1);
      return prevalence ? { ...finding, prevalence } : finding;
    });
    opinions.add({ id, image, findings: seen, numbers, snowflake: false, firstSeen: () => since[id] });
  }
  return opinions.reports()[0];
};

describe('outliers', () => {
  it('are those that differ from what most share, by how much of it all', () => {
    const most = ['a', 'b', 'c'].map((id) => member(id, [file(id, '/x')]));
    const odd = member('d', [file('d', '/x'), file('d', '/y')]);
    const bare = member('e', []);
    expect(reportOf([...most, odd, bare])?.outliers).toEqual([
      { instance: 'e', own: 0, missing: 1, distance: 1 },
      { instance: 'd', own: 1, missing: 0, distance: 0.5 },
    ]);
  });

  it('are between 0 and 1, and none where all are alike', () => {
    const paths = fc.array(fc.constantFrom('/a', '/b', '/c', '/d'), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(paths, { minLength: 1, maxLength: 8 }), (fleet) => {
        const members = fleet.map((list, i) =>
          member(
            `${i}`,
            [...new Set(list)].map((path) => file(`${i}`, path)),
          ),
        );
        for (const { own, missing, distance } of reportOf(members)?.outliers ?? []) {
          expect(own + missing).toBeGreaterThan(0);
          expect(distance).toBeGreaterThan(0);
          expect(distance).toBeLessThanOrEqual(1);
        }
        const alike = fleet.map((_, i) =>
          member(
            `${i}`,
            (fleet[0] ?? []).slice(0, 1).map((path) => file(`${i}`, path)),
          ),
        );
        if (alike.length >= 3) expect(reportOf(alike)?.outliers).toEqual([]);
      }),
    );
  });
});

describe('version skew', () => {
  it('says which versions run side by side, on how many, and since when', () => {
    const members = [
      ...['a', 'b', 'c'].map((id) => member(id, [])),
      ...['d', 'e'].map((id) => member(id, [upgrade(id, '2')])),
      member('f', [upgrade('f', '3')]),
    ];
    const since = { d: '2026-02-02T00:00:00Z', e: '2026-01-01T00:00:00Z' };
    expect(reportOf(members, since)?.skew).toEqual([
      {
        package: 'openssl',
        versions: [
          { version: '1', instances: 3 },
          { version: '2', instances: 2, since: '2026-01-01T00:00:00Z' },
          { version: '3', instances: 1 },
        ],
      },
    ]);
  });

  it('is none where all have the same', () => {
    expect(reportOf([member('a', [upgrade('a', '2')]), member('b', [upgrade('b', '2')])])?.skew).toEqual([]);
  });
});
