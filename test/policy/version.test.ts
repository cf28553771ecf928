import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../src/policy/version.ts';

/** deb-version(7) and the vectors of Debian Policy 5.6.12. */
const ascending: [string, string][] = [
  ['1.0', '1.1'],
  ['1.0~rc1', '1.0'],
  ['1.0~~', '1.0~~a'],
  ['1.0~~a', '1.0~'],
  ['1.0~', '1.0'],
  ['1.0', '1.0a'],
  ['1.0a', '1.0+'],
  ['1.9', '1.10'],
  ['9.9', '1:0.1'],
  ['1:9', '2:0'],
  ['1.0-1', '1.0-2'],
  ['1.0-1', '1.0-1.1'],
  ['1.0-9', '1.0-10'],
  ['1.0-1', '1.0-1+deb13u1'],
  ['1.0-1~bpo13+1', '1.0-1'],
  ['1.0', '1.0-1'],
  ['3.0.15-1~deb12u1', '3.0.16-1~deb12u1'],
  ['2.36-9+deb12u9', '2.36-9+deb12u10'],
  ['1-2-1', '1-3-1'],
];

describe('versions', () => {
  it.each(ascending)('%s is older than %s', (older, newer) => {
    expect(compareVersions(older, newer)).toBe(-1);
    expect(compareVersions(newer, older)).toBe(1);
  });

  it.each([
    ['1.0', '1.0'],
    ['0:1.0', '1.0'],
    ['1.00', '1.0'],
    ['1.0-0', '1.0'],
    ['1.0 (hold)', '1.0'],
  ])('%s and %s are the same', (a, b) => {
    expect(compareVersions(a, b)).toBe(0);
  });

  const piece = fc.constantFrom('0', '1', '9', '10', '007', 'a', 'z', '+', '.', '~', 'rc');
  const version = fc
    .tuple(
      fc.constantFrom('', '0:', '1:', '12:'),
      fc.array(piece, { maxLength: 5 }),
      fc.constantFrom('', '-1', '-1~bpo', '-0', '-2+b1'),
    )
    .map(([epoch, parts, revision]) => `${epoch}1${parts.join('')}${revision}`);

  it('are in one order: turned round it is turned round, and two steps lead the same way', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, b)).toBe(0 - compareVersions(b, a) || 0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });

  it.skipIf(spawnSync('dpkg', ['--version']).error !== undefined)('are in the order of dpkg', () => {
    const pairs = fc.sample(fc.tuple(version, version), { numRuns: 400, seed: 7 });
    const script =
      'while read -r a b; do for o in lt eq gt; do dpkg --compare-versions "$a" $o "$b" && echo $o; done; done';
    const { stdout } = spawnSync('sh', ['-c', script], {
      input: pairs.map((p) => `${p.join(' ')}\n`).join(''),
      encoding: 'utf8',
    });
    const theirs = stdout.trim().split('\n');
    const words: Record<string, string> = { '-1': 'lt', '0': 'eq', '1': 'gt' };
    expect(pairs.map(([a, b], i) => `${a} ${theirs[i]} ${b}`)).toEqual(
      pairs.map(([a, b]) => `${a} ${words[compareVersions(a, b)]} ${b}`),
    );
  });
});
