import { describe, expect, it } from 'vitest';
import type { Draft } from '../../src/core/draft.ts';
import { compare } from '../../src/drift/drift.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/judge.ts';
import type { Policy, Rule } from '../../src/schema/policy.ts';
import { file, fingerprint, sum } from '../drift/make.ts';

type Side = { files?: Record<string, string>; packages?: Record<string, string>; set?: (draft: Draft) => void };

/** Live findings between two sides, `kind change subject severity`, with what they explain. */
function judged(before: Side, after: Side, rules: Rule[] = []) {
  const side = ({ files = {}, packages = {}, set = () => {} }: Side) =>
    fingerprint(files, (draft) => {
      draft.packages = new Map(Object.entries(packages));
      set(draft);
    });
  const [image, live] = [side(before), side(after)];
  const policy: Policy = { schema: 'snowfence.policy/v1', name: 'test', rules };
  return judge({
    instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
    ...{ image, live, now: 0 },
    drifts: compare(image, live).drifts,
    policy: compilePolicy([policy], { os: ['debian'], image: 'web:42', group: 'web' }),
  }).findings;
}

const said = (...args: Parameters<typeof judged>) =>
  judged(...args).map(
    ({ kind, change, subject, severity, explains }) => `${kind} ${change} ${subject} ${severity} ${explains}`,
  );

const program = (c: string, mode = '755') => `f ${mode} 0 0 9 ${sum(c)} -`;
const link = (target: string) => `l 777 0 0 - - - ${target}`;
const directory = 'd 755 0 0 - - -';
const dist = '/usr/local/lib/python3.11/dist-packages';

describe('a mark of a package', () => {
  it.each([
    ['1', '1 (hold)', 'medium', /held/],
    ['1 (hold)', '1', 'low', /no longer/],
    ['1 (auto)', '1', 'low', /asked for/],
    ['1 (hold)', '1 (hold, auto)', 'low', /dependency/],
  ])('from %s to %s is %s and no upgrade', (before, after, severity, reason) => {
    const [found, ...rest] = judged({ packages: { 'dpkg x': before } }, { packages: { 'dpkg x': after } });
    expect(rest).toEqual([]);
    expect(found).toMatchObject({ subject: 'x', severity, reason: expect.stringMatching(reason), explained: false });
  });

  it('explains the database, and no file of the package', () => {
    const files = { '/usr/bin/x': program('a'), '/var/lib/dpkg/status': file('a') };
    const set = (draft: Draft) => draft.owned.set('/usr/bin/x', 'x -');
    expect(
      said(
        { files, packages: { 'dpkg x': '1' }, set },
        { files: { '/var/lib/dpkg/status': file('b') }, packages: { 'dpkg x': '1 (hold)' } },
      ),
    ).toEqual(['package changed x medium 1', 'file removed /usr/bin/x low 0']);
  });

  it('beside a new version is part of the upgrade', () => {
    expect(judged({ packages: { 'dpkg x': '1 (auto)' } }, { packages: { 'dpkg x': '2' } })).toMatchObject([
      { reason: expect.stringMatching(/upgraded/), explained: true, after: { manager: 'dpkg', version: '2' } },
    ]);
  });
});

describe('a package', () => {
  it('another kernel beside the old one is no downgrade', () => {
    expect(
      judged({ packages: { 'rpm kernel': '6.2-1' } }, { packages: { 'rpm kernel': '6.10-1,6.2-1' } }),
    ).toMatchObject([{ severity: 'medium', reason: expect.stringMatching(/beside/) }]);
  });

  it('of one name from several managers is several findings', () => {
    const packages = { 'dpkg x': '1', 'pip x': `1 ${dist}/x-1.dist-info`, 'npm x': '1 /usr/local/lib/node_modules/x' };
    const found = judged({}, { packages });
    expect(found.map(({ subject }) => subject).sort()).toEqual(['npm x', 'pip x', 'x']);
    expect(new Set(found.map(({ id }) => id)).size).toBe(3);
  });

  it.each<[string[], string[]]>([
    [['x'], ['npm x', 'pip x']],
    [['dpkg x'], ['npm x', 'pip x']],
    [['pip *'], ['npm x', 'x']],
    [['{npm,pip} x'], ['x']],
  ])('allowed as %s leaves %s', (names, rest) => {
    const packages = { 'dpkg x': '1', 'pip x': `1 ${dist}/x-1.dist-info`, 'npm x': '1 /usr/local/lib/node_modules/x' };
    const rule: Rule = { id: 'a', kind: 'allow', reason: 'wanted', fact: 'package', names };
    const live = judged({}, { packages }, [rule]).filter(({ disposition }) => disposition === 'drift');
    expect(live.map(({ subject }) => subject).sort()).toEqual(rest);
  });

  it('that is denied is a violation whoever manages it, and a setting is no package', () => {
    const packages = { 'apk x': '1', 'gem x': '1 /g', 'dpkg-arch x': '-' };
    const rule: Rule = {
      id: 'd',
      kind: 'deny',
      reason: 'no',
      severity: 'high',
      fact: 'package',
      names: ['x', 'gem *'],
    };
    expect(said({ packages }, { packages }, [rule])).toEqual([
      'package violates gem x high 0',
      'package violates x high 0',
    ]);
  });
});

describe('a package whose database knows rights', () => {
  const root = (draft: Draft) => draft.accounts.set('user root', '0\t0\t\t/root\t/bin/sh\tlocked -');
  const upgrade = (now: string, shipped: Parameters<Draft['shipped']['set']>[1]) =>
    said(
      { files: { '/usr/bin/x': program('a') }, packages: { 'rpm x': '1' }, set: root },
      {
        files: { '/usr/bin/x': now },
        packages: { 'rpm x': '2' },
        set: (draft) => {
          draft.owned.set('/usr/bin/x', 'x -');
          draft.shipped.set('/usr/bin/x', shipped);
          root(draft);
        },
      },
    ).length === 1;

  it.each<[string, string, Parameters<typeof upgrade>[1], boolean]>([
    ['the content', program('b'), { sha256: sum('b') }, true],
    ['another content', program('b'), { sha256: sum('c') }, false],
    ['content that was not read', program('?').replace(sum('?'), '?'), { sha256: sum('c'), mode: '755' }, true],
    ['the mode', program('b'), { mode: '755', user: 'root' }, true],
    ['another mode', program('b'), { mode: '700' }, false],
    ['another owner', program('b'), { user: '5' }, false],
    ['an owner that nobody knows', program('b'), { user: 'nobody-here' }, true],
    ['the link', link('y'), { link: 'y' }, true],
    ['another link', link('z'), { link: 'y' }, false],
    ['a link instead of a file', link('z'), { sha256: sum('b') }, false],
  ])('explains a file by %s', (_, now, shipped, explained) => {
    expect(upgrade(now, shipped)).toBe(explained);
  });
});

describe('a diversion', () => {
  const image = { files: { '/usr/bin/x': program('a'), '/var/lib/dpkg/diversions': file('a') } };
  const packages = { 'dpkg-diversion /usr/bin/x': 'local /usr/bin/x.real' };
  const database = { '/var/lib/dpkg/diversions': file('b') };

  it('explains the file that it moved, and its database', () => {
    expect(said(image, { files: { '/usr/bin/x.real': program('a'), ...database }, packages })).toEqual([
      'package added diversion of /usr/bin/x high 3',
    ]);
  });

  it('taken away explains the way back', () => {
    expect(
      said({ files: { '/usr/bin/x.real': program('a'), ...database }, packages }, image).map((f) =>
        f.split(' ', 5).join(' '),
      ),
    ).toEqual(['package removed diversion of /usr/bin/x']);
  });

  it('does not explain a database in which no setting differs', () => {
    expect(said(image, { files: { '/usr/bin/x': program('a'), ...database } })).toEqual([
      'file changed /var/lib/dpkg/diversions low 0',
    ]);
  });

  it('that a package brought is part of its finding', () => {
    const by = { 'dpkg-diversion /usr/bin/x': 'y /usr/bin/x.real', 'dpkg y': '1' };
    expect(said(image, { files: { '/usr/bin/x.real': program('a'), ...database }, packages: by })).toEqual([
      'package added y medium 4',
    ]);
  });
});

describe('a key of rpm', () => {
  it('is a key, and explains the database', () => {
    const key = { 'rpm-key 1e6fcc36-6b00eedd': 'Lab Signing <lab@example.org> public key' };
    const path = '/var/lib/rpm/rpmdb.sqlite';
    expect(said({ files: { [path]: file('a') } }, { files: { [path]: file('b') }, packages: key })).toEqual([
      'key added package signing key 1e6fcc36-6b00eedd high 1',
    ]);
  });
});

describe('a package of a language', () => {
  const info = `${dist}/x-1.dist-info`;
  const pip = { 'pip x': `1 ${info}` };

  it('that the distribution ships is no finding of its own', () => {
    const packages = { 'dpkg python3-x': '1', 'pip x': '1 /usr/lib/python3/dist-packages/x-1.egg-info' };
    const set = (draft: Draft) => draft.owned.set('/usr/lib/python3/dist-packages/x-1.egg-info', 'python3-x -');
    expect(said({}, { packages, set })).toEqual(['package added python3-x medium 0']);
    expect(said({ packages, set }, {})).toEqual(['package removed python3-x medium 0']);
  });

  it('explains its own directory and the directories made for it, not a file of the image', () => {
    const files = {
      '/usr/local/lib/node_modules': directory,
      '/usr/local/lib/node_modules/x': directory,
      '/usr/local/lib/node_modules/x/index.js': file('a'),
      '/usr/local/bin/x': link('../lib/node_modules/x/index.js'),
      '/usr/local/bin/y': link('/opt/y'),
    };
    const packages = { 'npm x': '1 /usr/local/lib/node_modules/x' };
    expect(said({}, { files, packages })).toEqual([
      'package added npm x medium 4',
      'file added /usr/local/bin/y low 0',
    ]);
    const owned = (draft: Draft) => draft.owned.set('/usr/local/lib/node_modules/x/index.js', 'nodejs -');
    const old = { '/usr/local/lib/node_modules/x/index.js': file('b') };
    expect(said({ files: { ...files, ...old }, set: owned }, { files, packages })).toEqual([
      'package added npm x medium 0',
      'file changed /usr/local/lib/node_modules/x/index.js low 0',
    ]);
  });

  it('that did not change explains nothing', () => {
    const side = (c: string): Side => ({ files: { [`${info}/METADATA`]: file(c) }, packages: pip });
    expect(said(side('a'), side('b'))).toEqual([`file changed ${info}/METADATA low 0`]);
  });

  it('removed takes its files with it', () => {
    const set = (draft: Draft) => draft.owned.set(`${dist}/x/a.py`, 'pip:x -');
    expect(
      said({ files: { [`${dist}/x/a.py`]: file('a'), [`${info}/RECORD`]: file('a') }, packages: pip, set }, {}),
    ).toEqual(['package removed pip x medium 2']);
  });

  it('does not make caches of the system expected', () => {
    const rule: Rule = {
      ...{ id: 'cache', kind: 'expect', reason: 'rebuilt', fact: 'file', paths: ['/etc/ld.so.cache'] },
      changes: ['changed'],
      when: 'packages-changed',
    };
    const files = (c: string) => ({ '/etc/ld.so.cache': file(c) });
    const live = (packages: Record<string, string>) =>
      judged({ files: files('a') }, { files: files('b'), packages }, [rule]).filter((f) => f.disposition === 'drift');
    expect(live(pip).map(({ subject }) => subject)).toEqual(['pip x', '/etc/ld.so.cache']);
    expect(live({ 'dpkg x': '1' }).map(({ subject }) => subject)).toEqual(['x']);
  });
});
