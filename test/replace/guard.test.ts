import { describe, expect, it } from 'vitest';
import type { Driver, ReplacePlan } from '../../src/core/replacement.ts';
import type { InstanceReport, Report } from '../../src/core/report.ts';
import { whyLeft } from '../../src/replace/guard/eligible.ts';
import { approve } from '../../src/replace/guard/permit.ts';
import { type Circumstances, refusalsOf } from '../../src/replace/guard/refusals.ts';
import { mayBegin } from '../../src/replace/next.ts';
import { makePlan } from '../../src/replace/plan.ts';
import type { GuardConfig, ReplaceConfig } from '../../src/schema/replace.ts';
import { clean, config, instance, item, now, planOf, report } from './make.ts';

const guard = (rest: GuardConfig): ReplaceConfig => config({ guard: { ...config().guard, ...rest } });
const quiet: Circumstances = { now, lastStarted: () => undefined };

describe('an instance is left alone', () => {
  it('or not', () => {
    expect(whyLeft(instance('a'), config(), now)).toBeUndefined();
  });

  const tampered = { findings: [{ ...instance('a').findings[0], tamper: true }] } as Partial<InstanceReport>;
  const rebake = { recommendation: { action: 'rebake', reason: 'x', confidence: 'high' } } as const;
  it.each<[string, Partial<InstanceReport>, ReplaceConfig, RegExp]>([
    ['in a group that nobody allowed', { group: 'db' }, config(), /group "db" is not among guard.allowGroups \(web\)/],
    ['in any group, without a list', {}, config({ guard: {} }), /not among guard.allowGroups \(none\)/],
    ['in a forbidden group', {}, guard({ denyGroups: ['web'] }), /among guard.denyGroups/],
    ['without a label', {}, guard({ allowLabels: { tier: 'web' } }), /label tier is "", guard.allowLabels wants "web"/],
    [
      'with a label',
      { labels: { pet: 'yes' } },
      guard({ denyLabels: { pet: 'yes' } }),
      /guard.denyLabels has its label pet/,
    ],
    [
      'that was not reached',
      { verdict: 'unreachable' },
      config(),
      /unreachable: nothing is replaced that was not read/,
    ],
    ['of an unknown image', { manifest: null }, config(), /nothing is replaced that was not read and compared/],
    ['whose image is at fault', rebake, config(), /would be no better: bake another image/],
    ['that was tampered with, without a place for evidence', tampered, config(), /evidence comes first/],
    ['of another verdict', {}, guard({ verdicts: ['drifted'] }), /verdict is snowflake, guard.verdicts has drifted/],
    [
      'of less severity',
      {},
      guard({ minSeverity: 'critical' }),
      /worst finding is high, guard.minSeverity is critical/,
    ],
    [
      'not read whole',
      { gaps: [{ probe: 'files', reason: 'permission', detail: '' }] },
      config(),
      /1 thing of it could not be read/,
    ],
    ['with data', { stateful: ['/data is a volume'] }, config(), /it holds data \(\/data is a volume\)/],
    ['with data by its label', { labels: { stateful: 'true' } }, config(), /it holds data \(its label says so\)/],
    ['too young', { launchedAt: '2026-06-01T11:30:00Z' }, config(), /30 minutes old, guard.minAgeMinutes is 60/],
  ])('%s', (_, rest, by, why) => {
    expect(whyLeft(instance('a', rest), by, now)).toMatch(why);
  });

  it('of an unknown age, unless age does not matter', () => {
    const { launchedAt: _, ...ageless } = instance('a');
    expect(whyLeft(ageless, config(), now)).toMatch(/age is not known/);
    expect(whyLeft(ageless, guard({ minAgeMinutes: 0 }), now)).toBeUndefined();
  });

  it('no more, once the configuration names what it takes', () => {
    const allowed = (rest: Partial<InstanceReport>, by: ReplaceConfig) => whyLeft(instance('a', rest), by, now);
    expect(allowed(tampered, config({ evidence: { directory: '/e' } }))).toBeUndefined();
    expect(allowed(rebake, config({ groups: { web: { image: 'web:43' } } }))).toBeUndefined();
    expect(allowed(rebake, config({ groups: { web: { image: 'web:42' } } }))).toMatch(/no better/);
    expect(allowed({ stateful: ['x'] }, guard({ stateful: ['a'] }))).toBeUndefined();
    expect(
      allowed({ gaps: [{ probe: 'x', reason: 'tool', detail: '' }] } as never, guard({ incomplete: true })),
    ).toBeUndefined();
  });
});

describe('a plan is refused as a whole, with the numbers', () => {
  const four = ['a', 'b', 'c', 'd'].map((name) => clean(name));
  const items = (count: number) => ['a', 'b', 'c', 'd'].slice(0, count).map((name) => item(name));
  const of = (count: number, by: ReplaceConfig, fleet: Report = report(four), the = quiet) =>
    refusalsOf(items(count), fleet, by, the).map(({ limit, says }) => `${limit}: ${says}`);

  it('or not', () => {
    expect(of(4, config())).toEqual([]);
    expect(of(0, config({ guard: {} }), report(four), { ...quiet, stopped: 'x' })).toEqual([]);
  });

  it.each<[string, number, ReplaceConfig, string]>([
    [
      'too many',
      3,
      guard({ total: { maxCount: 2, maxPercent: 100 } }),
      'guard.total.maxCount: 3 instances, at most 2 are allowed',
    ],
    [
      'too large a share',
      2,
      guard({ total: { maxPercent: 25 } }),
      'guard.total.maxPercent: 2 of 4 instances are 50 %, at most 25 % (1) are allowed',
    ],
    ['too many of a group', 2, guard({ maxCount: 1 }), 'guard.maxCount: 2 instances, at most 1 are allowed'],
    [
      'too large a share of a group',
      4,
      guard({ maxPercent: 60 }),
      'guard.maxPercent: 4 of 4 instances are 100 %, at most 60 % (2) are allowed',
    ],
    [
      'too few left',
      4,
      guard({ minHealthy: 3, parallel: 2 }),
      'guard.minHealthy: 4 of 4 instances are reachable, with 2 away at once 2 are left, at least 3 must be',
    ],
  ])('%s', (_, count, by, says) => {
    expect(of(count, by)).toEqual([says]);
  });

  it('of a group of one, unless nobody has to be left', () => {
    const one = report([instance('a')]);
    const { minHealthy: _, ...rest } = config().guard ?? {};
    expect(of(1, config({ guard: rest }), one)).toEqual([expect.stringContaining('guard.minHealthyPercent: 1 of 1')]);
    expect(of(1, config(), one)).toEqual([]);
  });

  it('counts all of a group that its driver can only replace whole, and refuses when one of them must stay', () => {
    const whole = (fleet: InstanceReport[], by: ReplaceConfig) =>
      refusalsOf([item('a', { wholeGroup: true })], report(fleet), by, quiet).map(
        ({ limit, says }) => `${limit}: ${says}`,
      );
    expect(whole(four, guard({ maxPercent: 50 }))).toEqual([
      'guard.maxPercent: 4 of 4 instances are 100 %, at most 50 % (2) are allowed',
    ]);
    expect(whole(four, guard({ total: { maxCount: 3, maxPercent: 100 } }))).toEqual([
      'guard.total.maxCount: 4 instances, at most 3 are allowed',
    ]);
    expect(whole(four, config())).toEqual([]);
    const data = clean('e', { stateful: ['listens on 5432'] });
    expect(whole([...four, data], config())).toEqual([
      expect.stringMatching(
        /^wholeGroup: its driver would replace e too, and must not: it holds data \(listens on 5432/,
      ),
    ]);
    expect(whole([...four, data], guard({ stateful: ['e'] }))).toEqual([]);
  });

  it('one of a small fleet always fits', () => {
    expect(of(1, guard({ total: { maxPercent: 5 } }))).toEqual([]);
    expect(of(1, guard({ total: { maxPercent: 0 } }))).toHaveLength(1);
  });

  it('by time: an old or interrupted scan, a closed window, a recent replacement, the kill switch', () => {
    expect(of(1, config(), report(four, { partial: true }))).toEqual([expect.stringContaining('interrupted')]);
    expect(of(1, guard({ maxScanAgeMinutes: 5 }))).toEqual([
      'guard.maxScanAgeMinutes: the scan is 10 minutes old, at most 5 are allowed: scan again',
    ]);
    const window = { from: '01:00', to: '05:00', zone: 'UTC' };
    expect(of(1, guard({ window }))).toEqual(['window: its window is closed: every day 01:00-05:00 UTC']);
    expect(of(1, guard({ window: { ...window, from: '11:00', to: '13:00' } }))).toEqual([]);
    const recent = { now, lastStarted: () => '2026-06-01T11:50:00Z' };
    expect(of(1, guard({ cooldownMinutes: 15 }), report(four), recent)).toEqual([
      'guard.cooldownMinutes: a replacement in it began 10 minutes ago, 15 must pass',
    ]);
    expect(of(1, config(), report(four), { ...quiet, stopped: '/stop exists' })).toEqual([
      'guard.killFile: everything is stopped: /stop exists',
    ]);
  });

  it('a group has limits of its own', () => {
    expect(of(2, config({ groups: { web: { maxCount: 1 } } }))).toEqual([
      'guard.maxCount: 2 instances, at most 1 are allowed',
    ]);
  });
});

const driver: Driver = {
  name: 'test',
  about: 'a test',
  settings: {},
  plan: ({ name }) => (name === 'odd' ? { refused: 'it is odd' } : { calls: [`replace ${name}`] }),
  open: () => Promise.reject(new Error('a plan opens no driver')),
};
const make = (instances: InstanceReport[], by = config(), only?: string[]) =>
  makePlan({
    ...{ report: report(instances), config: by, drivers: new Map([['test', driver]]), circumstances: quiet },
    ...(only ? { only } : {}),
  });

describe('a plan', () => {
  it('has the worst first, and says who is left and why; clean ones are no part of it', () => {
    const plan = make([
      instance('b'),
      clean('c'),
      instance('odd'),
      instance('a', { score: 90 }),
      instance('d', { group: 'db' }),
    ]);
    expect(plan.items.map(({ order, name, calls }) => [order, name, calls])).toEqual([
      [1, 'a', ['replace a']],
      [2, 'b', ['replace b']],
    ]);
    expect(plan.left.map(({ instance: id }) => id)).toEqual(['odd', 'd']);
    expect(plan.left[0]?.why).toBe('the driver test refuses: it is odd');
  });

  it('has a digest that any change of it changes, and the order of its keys does not', () => {
    const plan = make([instance('a')]);
    const turned = JSON.parse(JSON.stringify(plan, Object.keys(plan).reverse().concat(deepKeys(plan)))) as ReplacePlan;
    expect(approve(turned, { digest: plan.digest, config: plan.config, refusals: [] }).items).toHaveLength(1);
    const forged = { ...plan, items: plan.items.map((one) => ({ ...one, uri: 'ssh://root@db-1' })) };
    expect(() => approve(forged, { digest: plan.digest, config: plan.config, refusals: [] })).toThrow(
      /the plan was changed/,
    );
  });

  it('is for those that were named, where some were', () => {
    expect(make([instance('a'), instance('b')], config(), ['b']).items.map(({ name }) => name)).toEqual(['b']);
  });

  it('takes the image that the configuration names for the group', () => {
    expect(make([instance('a')], config({ groups: { web: { image: 'web:43' } } })).items[0]?.image).toEqual({
      ref: 'web:43',
    });
  });
});

function deepKeys(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [key, ...deepKeys(one)]);
}

describe('leave to replace', () => {
  const plan = planOf([item('a')]);
  const by = { digest: plan.digest, config: plan.config, refusals: [] };
  it('is given for the digest or the beginning of it, and has the same key each time', () => {
    const [first] = approve(plan, by).items;
    const [second] = approve(plan, { ...by, digest: plan.digest.slice(7, 19).toUpperCase() }).items;
    expect(first?.permit.key).toMatch(/^sf-[0-9a-f]{32}$/);
    expect(second?.permit.key).toBe(first?.permit.key);
  });

  it.each<[string, Partial<typeof by>, RegExp]>([
    ['another digest', { digest: `sha256:${'0'.repeat(64)}` }, /is not the digest of this plan/],
    ['too little of it', { digest: plan.digest.slice(7, 18) }, /at least the first 12|is not the digest/],
    ['nothing', { digest: '' }, /is not the digest/],
    ['another configuration', { config: `sha256:${'e'.repeat(64)}` }, /configuration of replacements was changed/],
    [
      'a limit',
      { refusals: [{ limit: 'window', group: 'web', says: 'closed' }] as never },
      /window of the group web: closed/,
    ],
  ])('is not given for %s', (_, rest, why) => {
    expect(() => approve(plan, { ...by, ...rest })).toThrow(why);
  });

  it('is not given for a plan that was refused when it was made', () => {
    const refused = planOf([item('a')], { refusals: [{ limit: 'guard.total.maxCount', says: '9, at most 5' }] });
    expect(() => approve(refused, { ...by, digest: refused.digest })).toThrow(
      /refused as a whole:\nguard.total.maxCount: 9, at most 5/,
    );
  });
});

describe('so many at once', () => {
  it('in all, of a group, and of a group one zone at a time', () => {
    const two = config({ guard: { total: { parallel: 3 }, parallel: 2, zoneLabel: 'zone' } });
    const at = (group: string, zone: string) => ({ group, zone });
    expect(mayBegin(at('web', 'a'), [at('web', 'a')], two)).toBe(true);
    expect(mayBegin(at('web', 'b'), [at('web', 'a')], two)).toBe(false);
    expect(mayBegin(at('db', 'b'), [at('web', 'a')], two)).toBe(true);
    expect(mayBegin(at('web', 'a'), [at('web', 'a'), at('web', 'a')], two)).toBe(false);
    expect(mayBegin(at('db', 'a'), [at('web', 'a'), at('web', 'a'), at('x', 'a')], two)).toBe(false);
    expect(mayBegin(at('web', 'a'), [at('web', 'a')], config({ guard: {} }))).toBe(false);
  });
});
