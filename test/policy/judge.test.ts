import { describe, expect, it } from 'vitest';
import type { Draft } from '../../src/core/draft.ts';
import { compare } from '../../src/drift/drift.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/judge.ts';
import type { Policy, Waiver } from '../../src/schema/policy.ts';
import { file, fingerprint } from '../drift/make.ts';

const policy = (rest: Partial<Policy>): Policy => ({ schema: 'snowfence.policy/v1', name: 'test', ...rest });
const now = Date.parse('2026-06-01T00:00:00Z');

function findings(
  files: [before: Record<string, string>, after: Record<string, string>],
  policies: Policy[] = [],
  set: [before?: (d: Draft) => void, after?: (d: Draft) => void] = [],
) {
  const image = fingerprint(files[0], set[0]);
  const live = fingerprint(files[1], set[1]);
  return judge({
    instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
    ...{ image, live, now },
    drifts: compare(image, live).drifts,
    policy: compilePolicy(policies, { os: ['debian'], image: 'web:42', group: 'web' }),
  }).findings;
}

const changed: [Record<string, string>, Record<string, string>] = [{ '/etc/a': file('a') }, { '/etc/a': file('b') }];

describe('a waiver', () => {
  const waived = (rest: Partial<Waiver>) =>
    findings(changed, [
      policy({
        waivers: [{ id: 'w', owner: 'ops', reason: 'known and wanted', expires: '2026-12-31T00:00:00Z', ...rest }],
      }),
    ])[0];

  it('turns a finding into a waived one and says who, why and until when', () => {
    expect(waived({ ticket: 'OPS-1' })).toMatchObject({
      disposition: 'waived',
      rule: 'w',
      reason: expect.stringContaining('(waived by ops until 2026-12-31T00:00:00Z, OPS-1: known and wanted)'),
    });
  });

  it.each<[string, Partial<Waiver>]>([
    ['has expired', { expires: '2026-05-31T23:59:59Z' }],
    ['expires now', { expires: '2026-06-01T00:00:00Z' }],
    ['has expired in another time zone', { expires: '2026-06-01T01:00:00+02:00' }],
    ['has not begun', { starts: '2026-06-02T00:00:00Z' }],
    ['has its window at another time', { windows: [{ from: '01:00', to: '02:00', zone: 'UTC' }] }],
    ['is for another instance', { instances: ['db-*'] }],
    ['is for another image', { images: ['db:*'] }],
    ['is for another kind', { kinds: ['package'] }],
    ['is for another subject', { subjects: ['/etc/b'] }],
    ['is for another content', { sha256: 'c'.repeat(64) }],
    ['is for another finding', { finding: 'sf-0' }],
  ])('that %s is not honoured', (_, rest) => {
    expect(waived(rest)?.disposition).toBe('drift');
  });

  it.each<[string, Partial<Waiver>]>([
    ['its instance', { instances: ['web-*'] }],
    ['its time', { starts: '2026-06-01T00:00:00Z', windows: [{ from: '23:30', to: '00:30', zone: 'UTC' }] }],
    ['its content', { sha256: 'b'.repeat(64) }],
    ['its subject', { subjects: ['/etc/*'], kinds: ['file'] }],
  ])('that names %s is', (_, rest) => {
    expect(waived(rest)?.disposition).toBe('waived');
  });
});

describe('findings', () => {
  it('keep their id over scans and further changes; another instance has another', () => {
    const [first] = findings(changed);
    const [second] = findings([changed[0], { '/etc/a': file('c') }]);
    expect(second?.id).toBe(first?.id);
    expect(first?.id).toMatch(/^sf-[0-9a-f]{16}$/);
  });

  it('of a packaged file with an unknown digest in the manifest are no tampering', () => {
    const tamper = policy({
      severities: [{ id: 't', severity: 'critical', packaged: true, tamper: true, reason: 'a packaged file differs' }],
    });
    const owned = (d: Draft) => d.owned.set('/usr/bin/x', `x ${'a'.repeat(32)}`);
    const of = (before: string, after: string) =>
      findings([{ '/usr/bin/x': before }, { '/usr/bin/x': after }], [tamper], [owned, owned])[0];
    expect(of(file('a'), file('b'))).toMatchObject({ rule: 't', tamper: true });
    expect(of(file('?'), file('b', '755'))).toMatchObject({ tamper: false });
    expect(of(file('a'), file('?', '755'))).toMatchObject({ tamper: false });
  });

  it('an earlier policy wins over a later one', () => {
    const allow = (id: string): Policy =>
      policy({ rules: [{ id, kind: 'allow', reason: 'it is allowed', fact: 'file', paths: ['/etc/**'] }] });
    expect(findings(changed, [allow('own'), allow('shipped')])[0]).toMatchObject({
      disposition: 'expected',
      rule: 'own',
    });
  });

  it('say nothing of a password but its state', () => {
    const account = (state: string) => (d: Draft) => d.accounts.set('user a', `5\t5\t\t/\t/bin/sh\t${state}`);
    const [found] = findings([{}, {}], [], [account('locked -'), account(`set ${'d'.repeat(64)}`)]);
    expect(found).toMatchObject({
      kind: 'account',
      severity: 'high',
      before: { password: 'locked' },
      after: { password: 'set' },
    });
    expect(JSON.stringify(found)).not.toContain('dddd');
  });

  it('a second root is critical', () => {
    const [found] = findings([{}, {}], [], [() => {}, (d) => d.accounts.set('user toor', '0\t0\t\t/\t/bin/sh\tset x')]);
    expect(found).toMatchObject({ severity: 'critical', rule: 'account/second-root' });
  });

  it.each([
    ['1.0-1', '1.0-2', 'medium', /upgraded/],
    ['1.0-2', '1.0-1', 'high', /downgraded/],
    [undefined, '1', 'medium', /installed/],
    ['1', undefined, 'medium', /removed/],
  ])('a package from %s to %s is %s', (before, after, severity, reason) => {
    const set = (version: string | undefined) => (d: Draft) => void (version && d.packages.set('dpkg x', version));
    expect(findings([{}, {}], [], [set(before), set(after)])[0]).toMatchObject({
      kind: 'package',
      severity,
      reason: expect.stringMatching(reason),
    });
  });
});
