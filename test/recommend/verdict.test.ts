import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Finding, isLive, severities, verdicts } from '../../src/core/finding.ts';
import { recommend } from '../../src/recommend/recommendation.ts';
import { flagsOf, type Standing, scoreOf, weights } from '../../src/recommend/verdict.ts';

function finding(rest: Partial<Finding> = {}): Finding {
  return {
    ...{ id: 'sf-1', kind: 'file', change: 'changed', subject: '/etc/a', severity: 'high', disposition: 'drift' },
    ...{ rule: 'r', reason: 'content changed; more', explains: 0, explained: false, tamper: false, controls: [] },
    ...rest,
  } as Finding;
}
const standing = (rest: Partial<Standing> = {}): Standing => ({
  reached: true,
  hasManifest: true,
  findings: [],
  gaps: [],
  shared: () => false,
  ...rest,
});
const gap = { probe: 'files', reason: 'permission', detail: '2 files' } as const;

describe('the verdict is the first that holds', () => {
  it.each<[string, Partial<Standing>, string[]]>([
    ['nothing', {}, ['clean']],
    ['a gap', { gaps: [gap] }, ['incomplete']],
    ['a drift', { findings: [finding()] }, ['snowflake']],
    ['a drift that most share', { findings: [finding()], shared: () => true }, ['drifted']],
    ['an explained drift', { findings: [finding({ explained: true })] }, ['drifted']],
    ['a violation', { findings: [finding({ disposition: 'violation' })] }, ['violating']],
    [
      'all of them',
      { findings: [finding(), finding({ explained: true }), finding({ disposition: 'violation' })], gaps: [gap] },
      ['snowflake', 'violating', 'drifted', 'incomplete'],
    ],
    [
      'what is expected or waived',
      { findings: [finding({ disposition: 'expected' }), finding({ disposition: 'waived' })] },
      ['clean'],
    ],
    ['no manifest', { hasManifest: false, findings: [finding()], gaps: [gap] }, ['unknown-image']],
    ['no answer', { reached: false, hasManifest: false, gaps: [gap] }, ['unreachable']],
  ])('%s', (_, rest, flags) => {
    expect(flagsOf(standing(rest))).toEqual(flags);
    expect(flags).toEqual(verdicts.filter((v) => flags.includes(v)));
  });
});

describe('the score', () => {
  const any = fc.array(
    fc.record({
      severity: fc.constantFrom(...severities),
      disposition: fc.constantFrom('drift', 'violation', 'expected', 'waived'),
    }),
    { maxLength: 12 },
  );
  it('can be recomputed from the report, counts only what is live, and never falls with a further finding', () => {
    fc.assert(
      fc.property(any, fc.boolean(), (parts, shared) => {
        const all = parts.map((p) => finding(p as Partial<Finding>));
        let left = 1;
        for (const f of all) if (isLive(f)) left *= 1 - weights[f.severity] * (shared ? 0.5 : 1);
        const score = scoreOf(all, () => shared);
        expect(score).toBe(Math.round(100 * (1 - left)));
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
        expect(scoreOf([...all, finding()], () => shared)).toBeGreaterThanOrEqual(score);
      }),
    );
  });
  it.each([
    [['critical'], 60],
    [['high'], 35],
    [['medium'], 15],
    [['low'], 5],
    [['info'], 0],
    [['critical', 'high'], 74],
  ] as const)('of %j is %i', (list, score) => {
    expect(
      scoreOf(
        list.map((severity) => finding({ severity })),
        () => false,
      ),
    ).toBe(score);
  });
});

describe('the recommendation', () => {
  const of = (rest: Partial<Standing>) => {
    const s = standing(rest);
    return recommend(flagsOf(s)[0] ?? 'clean', s);
  };
  it.each<[string, Partial<Standing>, string, RegExp]>([
    ['clean', {}, 'keep', /as in its image/],
    ['unreachable', { reached: false, gaps: [gap] }, 'investigate', /2 files/],
    ['unknown', { hasManifest: false }, 'investigate', /snowfence manifest create/],
    ['incomplete', { gaps: [gap] }, 'investigate', /1 thing could not be read/],
    ['snowflake', { findings: [finding(), finding({ id: 'sf-2' })] }, 'replace', /\/etc\/a and 1 more/],
    [
      'tampered',
      { findings: [finding({ tamper: true })] },
      'investigate',
      /1 finding of tampering \(\/etc\/a: content changed\).*keep evidence/,
    ],
    [
      'shared',
      { findings: [finding({ prevalence: { seen: 4, of: 5 } })], shared: () => true },
      'rebake',
      /4 of 5 instances/,
    ],
  ])('for %s', (_, rest, action, reason) => {
    expect(of(rest)).toMatchObject({ action, reason: expect.stringMatching(reason) });
  });
});
