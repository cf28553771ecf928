import { describe, expect, it } from 'vitest';
import { compare } from '../../src/drift/drift.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/judge.ts';
import type { Policy } from '../../src/schema/policy.ts';
import { fingerprint } from '../drift/make.ts';

const digest = 'a'.repeat(64);
const su = (links: number, mode = '4755') => `f ${mode} 0 0 100 ${digest} ${links > 1 ? `links=${links}` : '-'}`;
const state: Policy = {
  schema: 'snowfence.policy/v1',
  name: 'test',
  rules: [
    {
      id: 'state',
      kind: 'expect',
      reason: 'state',
      fact: 'file',
      paths: ['/var/lib/x/**'],
      changes: ['added', 'changed'],
    },
  ],
  severities: [
    { id: 'set-id', severity: 'critical', setId: true, reason: 'rights' },
    { id: 'shadow', severity: 'high', paths: ['/etc/shadow'], reason: 'passwords' },
    { id: 'data', severity: 'low', reason: 'not part of the image' },
  ],
} as Policy;

function found(before: Record<string, string>, after: Record<string, string>, inodes: Record<string, string>) {
  const image = fingerprint(before);
  const live = { ...fingerprint(after), inodes: new Map(Object.entries(inodes)) };
  const { findings } = judge({
    instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
    ...{ image, live, now: 0 },
    drifts: compare(image, live).drifts,
    policy: compilePolicy([state], { os: ['debian'], image: 'web:42', group: 'web' }),
  });
  return findings.map(({ subject, change, severity, disposition, reason }) =>
    [change, subject, severity, disposition, reason].join(' | '),
  );
}

describe('names of one file', () => {
  it('a new name of a file of the image is one finding, and weighs as much as the file', () => {
    const shadow = (links: number) => su(links, '640');
    expect(
      found(
        { '/etc/shadow': shadow(1) },
        { '/etc/shadow': shadow(2), '/srv/x': shadow(2) },
        { '/etc/shadow': '7', '/srv/x': '7' },
      ),
    ).toEqual(['added | /srv/x | high | drift | added, another name (hard link) of /etc/shadow: passwords']);
  });

  it('equal files are not one file, and a file of another file system with the same number is not', () => {
    const [plain] = found({ '/usr/bin/su': su(1) }, { '/usr/bin/su': su(1), '/srv/x': su(2) }, { '/srv/x': '7' });
    expect(plain).toMatch(/^added \| \/srv\/x .* added: rights$/);
    const other = `f 4755 0 0 100 ${'b'.repeat(64)} links=2`;
    const [same] = found(
      { '/usr/bin/su': su(2), '/usr/bin/us': su(2) },
      { '/usr/bin/su': su(2), '/usr/bin/us': su(2), '/srv/x': other },
      { '/usr/bin/su': '7', '/usr/bin/us': '7', '/srv/x': '7' },
    );
    expect(same).toMatch(/added: rights$/);
  });

  it('names that overlayfs gives different numbers are known by the moment in which the link was made', () => {
    const at = '1795230883.8969884570';
    expect(
      found(
        { '/usr/bin/su': su(1) },
        { '/usr/bin/su': su(2), '/srv/x': su(2) },
        {
          '/usr/bin/su': `7 ${at}`,
          '/srv/x': `9 ${at}`,
        },
      ),
    ).toEqual(['added | /srv/x | critical | drift | added, another name (hard link) of /usr/bin/su: rights']);
  });

  it('a name where nobody looked is a finding of the file', () => {
    expect(found({ '/usr/bin/su': su(1) }, { '/usr/bin/su': su(2) }, { '/usr/bin/su': '7' })).toEqual([
      'changed | /usr/bin/su | critical | drift | 1 -> 2 names (hard links) changed: rights',
    ]);
  });

  it('no expectation of state covers a name of a file elsewhere', () => {
    const names = { '/usr/bin/x': '7', '/var/lib/x/y': '7' };
    const file = su(2, '644');
    expect(found({ '/usr/bin/x': su(1, '644') }, { '/usr/bin/x': file, '/var/lib/x/y': file }, names)).toEqual([
      expect.stringMatching(/^added \| \/var\/lib\/x\/y \| low \| drift .*it is another name of \/usr\/bin\/x$/),
    ]);
    const own = { '/var/lib/x/a': file, '/var/lib/x/b': file };
    expect(found({}, own, { '/var/lib/x/a': '7', '/var/lib/x/b': '7' })).toEqual([
      expect.stringContaining('| expected |'),
      expect.stringContaining('| expected |'),
    ]);
  });

  it.each<[string, number, number, string]>([
    ['a name is gone, or its file was copied up', 2, 1, '4755'],
    ['a file that everybody may read has one more', 1, 2, '755'],
  ])('nothing is told when %s', (_, before, after, mode) => {
    expect(found({ '/usr/bin/x': su(before, mode) }, { '/usr/bin/x': su(after, mode) }, { '/usr/bin/x': '7' })).toEqual(
      [],
    );
  });

  it('a manifest that knows nothing of names accuses nobody of those that the image has', () => {
    expect(
      found(
        { '/usr/bin/a': su(1), '/usr/bin/b': su(1) },
        { '/usr/bin/a': su(2), '/usr/bin/b': su(2) },
        { '/usr/bin/a': '7', '/usr/bin/b': '7' },
      ),
    ).toEqual([]);
  });

  it('what else is different is told without the names', () => {
    const [only, ...more] = found(
      { '/usr/bin/su': su(1) },
      { '/usr/bin/su': su(2, '4777'), '/srv/x': su(2, '4777') },
      { '/usr/bin/su': '7', '/srv/x': '7' },
    ).filter((line) => line.startsWith('changed'));
    expect(only).toContain('mode 4755 -> 4777 changed');
    expect(only).not.toContain('names');
    expect(more).toEqual([]);
  });
});
