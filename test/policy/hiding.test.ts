import { describe, expect, it } from 'vitest';
import { loadPolicies } from '../../src/app/policies.ts';
import type { Draft } from '../../src/core/draft.ts';
import { isLive } from '../../src/core/finding.ts';
import { compare } from '../../src/drift/drift.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/judge.ts';
import { fingerprint } from '../drift/make.ts';

/** What an intruder does to be expected or explained away, judged by the shipped rules. */
const shipped = (await loadPolicies([])).policies.map((p) => p.policy);
const policy = compilePolicy(shipped, { os: ['debian'], image: 'web:42', group: 'web' });

const sum = (c: string) => c.repeat(64);
const f = (mode: string, c = 'b', owner = '0 0', size = '9') => `f ${mode} ${owner} ${size} ${sum(c)} -`;
type Files = Record<string, string>;
type Set = (d: Draft) => void;

function live(before: Files, after: Files, image: Set = () => {}, now: Set = () => {}): string[] {
  const [a, b] = [fingerprint(before, image), fingerprint(after, now)];
  const { findings } = judge({
    instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
    ...{ image: a, live: b, now: 0, policy },
    drifts: compare(a, b).drifts,
  });
  return findings.filter(isLive).map((x) => `${x.severity} ${x.subject}`);
}

describe('an expectation that says no modes', () => {
  it.each([
    ['/var/backups/sh', f('4755'), 'critical'],
    ['/var/lib/cloud/sh', f('2755'), 'critical'],
    ['/var/lib/private/x/run', f('755'), 'medium'],
    ['/var/lib/dhcp/x', `f 644 0 0 9 ${sum('b')} 0100`, 'critical'],
    ['/var/lib/cloud/scripts/per-boot/x', f('755'), 'medium'],
    ['/var/lib/cloud/scripts/per-boot/x', f('700'), 'medium'],
  ])('covers no program: %s', (path, value, severity) => {
    expect(live({}, { [path]: value })).toEqual([`${severity} ${path}`]);
  });

  it.each([
    ['/var/lib/cloud/instances/i-1/scripts/part-001', f('700')],
    ['/var/lib/cloud/scripts/per-boot', 'd 755 0 0 - - -'],
    ['/var/backups/dpkg.status.0', f('644')],
  ])('covers what it is for: %s', (path, value) => {
    expect(live({}, { [path]: value })).toEqual([]);
  });
});
