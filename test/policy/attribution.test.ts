import { describe, expect, it } from 'vitest';
import type { DeedFact } from '../../src/core/deeds.ts';
import type { Draft } from '../../src/core/draft.ts';
import { compare } from '../../src/drift/drift.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/judge.ts';
import type { Policy } from '../../src/schema/policy.ts';
import { file, fingerprint } from '../drift/make.ts';

const noon = 1_795_262_400;
const apt = '/var/log/apt/history.log';
const auth = '/var/log/auth.log';

/** Findings of an instance on which these deeds are logged. */
function findings(deeds: DeedFact[], set: (draft: Draft) => void, files: Record<string, string> = {}, image = set) {
  const before = fingerprint({ '/etc/motd': file('a') }, (draft) => {
    draft.packages.set('dpkg openssl:amd64', '3.0.11');
    draft.packages.set('snap lxd', '1');
    if (image !== set) image(draft);
  });
  const live = fingerprint({ '/etc/motd': file('a'), ...files }, (draft) => {
    draft.packages.set('dpkg openssl:amd64', '3.0.11');
    draft.packages.set('snap lxd', '1');
    set(draft);
    draft.deeds = deeds.toSorted((a, b) => b.at - a.at);
  });
  const policy: Policy = { schema: 'snowfence.policy/v1', name: 'test' };
  return judge({
    instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
    ...{ image: before, live, now: 0 },
    drifts: compare(before, live).drifts,
    policy: compilePolicy([policy], { os: ['debian'], image: 'web:42', group: 'web' }),
  }).findings;
}

const packages = (rest: Partial<DeedFact>): DeedFact => ({
  ...{ kind: 'packages', at: noon, source: apt, packages: ['openssl'] },
  ...rest,
});
const sudo = (at: number, command: string): DeedFact => ({ kind: 'command', at, by: 'alice', command, source: auth });
const login = (at: number): DeedFact => ({ kind: 'login', at, by: 'root, logged in from 10.0.0.9', source: auth });
const upgraded = (draft: Draft) => draft.packages.set('dpkg openssl:amd64', '3.0.15');

describe('a package', () => {
  it('is told with who upgraded it, when and how, and is no less grave for it', () => {
    const [finding, ...more] = findings([packages({ by: 'alice', command: 'apt-get upgrade' })], upgraded);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity: 'medium', disposition: 'drift', explained: true });
    expect(finding?.attribution).toEqual([
      { by: 'alice', at: '2026-11-21T12:00:00.000Z', command: 'apt-get upgrade', source: apt },
    ]);
    expect(findings([], upgraded)[0]).not.toHaveProperty('attribution');
  });

  it('that an agent upgraded says so in the reason', () => {
    const [one] = findings(
      [packages({ agent: 'unattended-upgrades', command: '/usr/bin/unattended-upgrade' })],
      upgraded,
    );
    expect(one?.reason).toMatch(/upgraded in place.*, by unattended-upgrades$/);
    expect(one?.attribution?.[0]?.by).toBe('unattended-upgrades');
    const [snap] = findings([packages({ packages: ['snap:lxd'], agent: 'the automatic refresh of snapd' })], (draft) =>
      draft.packages.set('snap lxd', '2'),
    );
    expect(snap?.reason).toMatch(/, by the automatic refresh of snapd$/);
  });

  it('is not told twice where dpkg logged what apt did, but is where dpkg was run by itself', () => {
    const dpkg = (at: number) => packages({ at, source: '/var/log/dpkg.log', command: 'dpkg upgrade' });
    const run = packages({ by: 'alice', command: 'apt-get upgrade' });
    const sources = (deeds: DeedFact[]) => findings(deeds, upgraded)[0]?.attribution?.map(({ source }) => source);
    expect(sources([run, dpkg(noon + 3)])).toEqual([apt]);
    expect(sources([run, dpkg(noon + 86_400)])).toEqual([apt, '/var/log/dpkg.log']);
    expect(sources([dpkg(noon), sudo(noon - 2, '/usr/bin/dpkg -i /tmp/x.deb')])).toEqual([auth, '/var/log/dpkg.log']);
    expect(sources([dpkg(noon), sudo(noon - 2, '/usr/bin/vim /etc/motd')])).toEqual(['/var/log/dpkg.log']);
  });

  it('is told with three at most, and not with what was done to another', () => {
    const many = Array.from({ length: 9 }, (_, i) => packages({ at: noon + i, by: 'alice' }));
    expect(findings(many, upgraded)[0]?.attribution).toHaveLength(3);
    expect(findings([packages({ packages: ['nmap'] })], upgraded)[0]).not.toHaveProperty('attribution');
  });
});

describe('a file', () => {
  const changed = (deeds: DeedFact[], path = '/etc/motd', modified = noon) =>
    findings(deeds, (draft) => draft.modified.set(path, modified), { [path]: file('b') })[0]?.attribution;

  it('is told with the command that was run in the two minutes before it changed', () => {
    expect(changed([sudo(noon - 30, '/usr/bin/vim /etc/motd')])).toMatchObject([
      { by: 'alice', command: '/usr/bin/vim /etc/motd', at: '2026-11-21T11:59:30.000Z' },
    ]);
    expect(changed([sudo(noon - 121, '/bin/x'), sudo(noon + 3, '/bin/y')])).toBeUndefined();
  });

  it('is told with who came in only where no command is known', () => {
    expect(changed([login(noon - 10)])).toMatchObject([{ by: 'root, logged in from 10.0.0.9' }]);
    expect(changed([login(noon - 10), sudo(noon - 20, '/bin/x')])).toMatchObject([{ command: '/bin/x' }]);
  });

  it('whose names and words are hostile stays harmless', () => {
    const path = '/etc/\x1b[31mx\\n';
    const [one] = changed([{ ...sudo(noon, 'vim \x1b[2J\xe2\x80\xae'), by: 'eve\x07' }], path) ?? [];
    expect(one).toMatchObject({ by: 'eve\\x07', command: 'vim \\x1b[2J\\u{202e}' });
  });
});

describe('an account', () => {
  const eve = (draft: Draft) => draft.accounts.set('user eve', '1001\t1001\t\t/home/eve\t/bin/sh\tset x');
  const added: DeedFact = { kind: 'account', at: noon, command: 'useradd', accounts: ['user eve'], source: auth };

  it('is told with the command that names it, and what useradd wrote', () => {
    const [one] = findings([added, sudo(noon - 1, '/usr/sbin/useradd -m eve'), sudo(noon - 1, '/usr/bin/id eve')], eve);
    expect(one?.subject).toBe('user eve');
    expect(one?.attribution?.map(({ by, command }) => [by, command])).toEqual([
      ['alice', '/usr/sbin/useradd -m eve'],
      [undefined, 'useradd'],
    ]);
  });

  it('is not told with what was done to another', () => {
    const other = [{ ...added, accounts: ['user mallory'] }, sudo(noon + 60, '/usr/sbin/useradd mallory')];
    expect(findings(other, eve)[0]).not.toHaveProperty('attribution');
  });
});
