import { describe, expect, it } from 'vitest';
import { compare } from '../../src/drift/drift.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/judge.ts';
import { overWords } from '../../src/policy/mounts.ts';
import type { Policy } from '../../src/schema/policy.ts';
import { file, fingerprint } from '../drift/make.ts';

const severities: NonNullable<Policy['severities']> = [
  { id: 'programs', severity: 'high', paths: ['/usr/bin/*'], reason: 'a program' },
  { id: 'units', severity: 'high', paths: ['/etc/systemd/**'], as: 'service', reason: 'it runs' },
  { id: 'severity/data', severity: 'low', reason: 'not part of the image' },
];

type Files = Record<string, string>;
function found(
  before: Files,
  after: Files,
  rest: Partial<Policy> = {},
  contents: Files = {},
  launchKeys: string[] = [],
) {
  const image = fingerprint(before, (draft) => draft.contents.set('/none', ''));
  const live = fingerprint(after, (draft) => {
    for (const [path, text] of Object.entries(contents)) draft.contents.set(path, text);
    draft.os.launchKeys = launchKeys;
  });
  return judge({
    instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
    ...{ image, live, now: 0 },
    drifts: compare(image, live).drifts,
    policy: compilePolicy([{ schema: 'snowfence.policy/v1', name: 'test', severities, ...rest }], {
      ...{ os: ['debian'], image: 'web:42', group: 'web' },
    }),
  }).findings;
}

describe('what was moved', () => {
  it('is one finding, with the graver severity, of the place where it was', () => {
    const [only, ...more] = found({ '/srv/x': file('a') }, { '/usr/bin/x': file('a') });
    expect(only).toMatchObject({
      ...{ change: 'removed', subject: '/srv/x', severity: 'high', rule: 'programs', explains: 1 },
      reason: 'removed: not part of the image; moved to /usr/bin/x (added: a program)',
      after: { path: '/usr/bin/x', sha256: 'a'.repeat(64) },
    });
    expect(more).toEqual([]);
  });

  it.each<[string, Files, Files]>([
    ['other content', { '/srv/x': file('a') }, { '/srv/y': file('b') }],
    ['another mode', { '/srv/x': file('a') }, { '/srv/y': file('a').replace('f 644', 'f 600') }],
    ['no content', { '/srv/x': 'f 644 0 0 0 - -' }, { '/srv/y': 'f 644 0 0 0 - -' }],
    ['unknown content', { '/srv/x': 'f 644 0 0 3 ? -' }, { '/srv/y': 'f 644 0 0 3 ? -' }],
    ['an access control list', { '/srv/x': file('a') }, { '/srv/y': file('a').replace(/-$/, 'acl=0200') }],
  ])('is not what has %s', (_, before, after) => {
    expect(found(before, after).map(({ change, subject }) => `${change} ${subject}`)).toEqual(
      ['removed /srv/x', 'added /srv/y'].sort((a, b) => (a.slice(-1) < b.slice(-1) ? -1 : 1)),
    );
  });

  it('one gone and two come are three findings: a copy is no move', () => {
    expect(found({ '/srv/x': file('a') }, { '/srv/y': file('a'), '/srv/z': file('a') })).toHaveLength(3);
  });

  it('a rule that permits the new place hides the old one no more than the other way round', () => {
    const allow = (path: string): Partial<Policy> => ({
      rules: [{ id: 'a', kind: 'allow', reason: 'permitted', fact: 'file', paths: [path] }],
    });
    const live = (rest: Partial<Policy>) =>
      found({ '/srv/x': file('a') }, { '/usr/bin/x': file('a') }, rest)
        .filter(({ disposition }) => disposition === 'drift')
        .map(({ change, subject }) => `${change} ${subject}`);
    expect(live(allow('/usr/bin/x'))).toEqual(['removed /srv/x']);
    expect(live(allow('/srv/x'))).toEqual(['added /usr/bin/x']);
  });

  it('within a format it is one finding, whatever the file says; into a format it is what it means there', () => {
    const text = '* * * * * root /opt/x\\n* * * * * root /opt/y\\n';
    const facts = (before: Files, after: Files) =>
      found(before, after, {}, { '/etc/cron.d/y': text }).map(({ change, subject }) => `${change} ${subject}`);
    expect(facts({ '/etc/cron.d/x': file('a') }, { '/etc/cron.d/y': file('a') })).toEqual(['removed /etc/cron.d/x']);
    expect(facts({ '/srv/x': file('a') }, { '/etc/cron.d/y': file('a') })).toEqual([
      'added cron job of root: * * * * * /opt/x',
      'added cron job of root: * * * * * /opt/y',
    ]);
  });

  it('a tree is one finding when all below is as it was, and two when it is not', () => {
    const d = 'd 755 0 0 - - -';
    const before = { '/srv/x': d, '/srv/x/a': file('a'), '/srv/x/b': file('b') };
    const same = found(before, { '/opt/y': d, '/opt/y/a': file('a'), '/opt/y/b': file('b') });
    expect(same.map(({ subject, explains }) => [subject, explains])).toEqual([['/srv/x', 5]]);
    expect(found(before, { '/opt/y': d, '/opt/y/a': file('a'), '/opt/y/b': file('c') })).toHaveLength(2);
  });
});

describe('a unit and the links that enable it', () => {
  const unit = '/etc/systemd/system/x.service';
  const link = (target: string) => `/etc/systemd/system/${target}.wants/x.service`;
  const after = {
    [unit]: file('a'),
    [link('multi-user.target')]: `l 777 0 0 - - - ${unit}`,
    [link('graphical.target')]: `l 777 0 0 - - - ${unit}`,
  };
  const contents = { [unit]: '[Service]\\nExecStart=/opt/x\\n' };

  it('are one finding', () => {
    const findings = found({}, after, {}, contents);
    expect(findings.map(({ subject, explains }) => [subject, explains])).toEqual([['unit x.service', 2]]);
    expect(findings[0]?.reason).toContain('; enabled in graphical.target; enabled in multi-user.target');
  });

  it('a rule that allows the unit does not allow that it is enabled', () => {
    const rules: Policy['rules'] = [
      { id: 'a', kind: 'allow', reason: 'permitted', fact: 'service', names: ['unit x.service'] },
    ];
    const live = found({}, after, { rules }, contents).filter(({ disposition }) => disposition === 'drift');
    expect(live.map(({ subject }) => subject)).toEqual([
      'unit x.service enabled in graphical.target',
      'unit x.service enabled in multi-user.target',
    ]);
  });
});

it('the diff of authorized keys does not show the key that the platform gave', () => {
  const key = (name: string) => `AAAAC3NzaC1lZDI1NTE5AAAAI${name.padEnd(43, 'x')}`;
  const path = '/root/.ssh/authorized_keys';
  const text = `ssh-ed25519 ${key('launch')} launch\\nssh-ed25519 ${key('eve')} eve\\n`;
  const [only, ...more] = found({}, { [path]: file('a') }, {}, { [path]: text }, [key('launch')]);
  expect(more).toEqual([]);
  expect(only?.diff).toContain(`+ssh-ed25519 ${key('eve')} eve`);
  expect(only?.diff).not.toContain('launch');
});

it.each([
  [1, 0, '1 entry of the image'],
  [1, 1, '1 entry of the image, a program'],
  [7, 0, '7 entries of the image'],
  [7, 1, '7 entries of the image, 1 of them a program'],
  [7, 2, '7 entries of the image, 2 of them programs'],
  [7, 7, '7 entries of the image, all of them programs'],
])('a mount over %i entries with %i programs: %s', (count, programs, words) => {
  expect(overWords(count, programs)).toBe(words);
});
