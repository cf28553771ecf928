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

describe('an account', () => {
  const user =
    (name: string, fields: string): Set =>
    (d) =>
      d.accounts.set(`user ${name}`, fields);
  const debian = user('debian', '1000\t1000\t\t/home/debian\t/bin/bash\tlocked -');
  const subuid =
    (text: string): Set =>
    (d) => {
      debian(d);
      d.contents.set('/etc/subuid', text.replaceAll('\n', '\\n'));
    };

  it('that is expected explains the bytes of the account files', () => {
    const before = { '/etc/passwd': f('644', 'a'), '/etc/shadow': f('640', 'a', '0 42'), '/etc/subuid': f('644', 'a') };
    const after = {
      ...{ '/etc/passwd': f('644'), '/etc/shadow': f('640', 'b', '0 42'), '/etc/subuid': f('644') },
      ...{ '/etc/passwd-': f('644'), '/etc/shadow-': f('640', 'b', '0 42') },
    };
    const image: Set = (d) => d.contents.set('/etc/subuid', '');
    expect(live(before, after, image, subuid('debian:100000:65536\n'))).toEqual([]);
  });

  it.each<[string, string, Set]>([
    ['/etc/passwd', f('666'), debian],
    ['/etc/shadow', f('644', 'b', '0 42'), debian],
    ['/etc/shadow', f('640', 'b', '0 1000'), debian],
    ['/etc/shadow-', f('644'), debian],
    ['/etc/subuid', f('644'), subuid('debian:0:65536\n')],
    ['/etc/subuid', f('644'), subuid('www-data:100000:65536\n')],
  ])('explains no other access: %s %s', (path, value, set) => {
    expect(
      live(
        { '/etc/shadow': f('640', 'b', '0 42') },
        { '/etc/shadow': f('640', 'b', '0 42'), [path]: value },
        () => {},
        set,
      ),
    ).toEqual([`high ${path}`]);
  });

  it('with the name of a default user is no second root, and its home is no file', () => {
    expect(live({}, {}, () => {}, user('ubuntu', '0\t1000\t\t/root\t/bin/bash\tlocked -'))).toEqual([
      'critical user ubuntu',
    ]);
    expect(live({}, {}, () => {}, user('ubuntu', '1000\t0\t\t/root\t/bin/bash\tlocked -'))).toEqual([
      'high user ubuntu',
    ]);
    const preload = user('ubuntu', '1000\t1000\t\t/etc/ld.so.preload\t/bin/bash\tlocked -');
    expect(live({}, { '/etc/ld.so.preload': f('644') }, () => {}, preload)).toEqual(['critical /etc/ld.so.preload']);
  });

  it('that is expected explains of its home what useradd copied, no other profile', () => {
    const skel = { '/etc/skel/.profile': f('644') };
    const home = { ...skel, '/home/debian': 'd 755 1000 1000 - - -' };
    expect(live(skel, { ...home, '/home/debian/.profile': f('644') }, () => {}, debian)).toEqual([]);
    expect(live(skel, { ...home, '/home/debian/.profile': f('644', 'c') }, () => {}, debian)).toEqual([
      'high shell start-up file .profile of debian',
    ]);
  });

  it('explains of its home what useradd copied', () => {
    const skel = { '/etc/skel/.bashrc': f('644') };
    const eve = user('eve', '1001\t1001\t\t/home/eve\t/bin/bash\tlocked -');
    const home = { ...skel, '/home/eve': 'd 700 1001 1001 - - -' };
    expect(live(skel, { ...home, '/home/eve/.bashrc': f('644') }, () => {}, eve)).toEqual(['high user eve']);
    expect(live(skel, { ...home, '/home/eve/.bashrc': f('644', 'c') }, () => {}, eve)).toEqual([
      'high user eve',
      'high shell start-up file .bashrc of eve',
    ]);
  });
});

describe('a package that was upgraded', () => {
  const version =
    (v: string, md5 = 'a'.repeat(32)): Set =>
    (d) => {
      d.packages.set('dpkg x', v);
      d.owned.set('/usr/bin/x', `x ${md5}`);
      d.owned.set('/etc/x', `x ${md5} conffile`);
      d.owned.set('/etc/x.d', 'x -');
    };
  const before = { '/usr/bin/x': f('755', 'a'), '/etc/x': f('644', 'a'), '/etc/x.d': 'd 755 0 0 - - -' };
  const upgraded = (more: Files) =>
    live(before, { ...before, '/usr/bin/x': f('755'), ...more }, version('1'), version('2'));

  it('explains its new files', () => {
    expect(upgraded({})).toEqual(['medium x']);
  });

  it.each([
    ['/usr/bin/x', f('4755'), 'critical'],
    ['/usr/bin/x', f('757'), 'critical'],
    ['/usr/bin/x', f('755', 'b', '1000 0'), 'critical'],
    ['/usr/bin/x', `f 755 0 0 9 ${sum('b')} 0100`, 'critical'],
    ['/etc/x.d', 'd 777 0 0 - - -', 'critical'],
  ])('explains no new rights: %s %s', (path, value, severity) => {
    expect(upgraded({ [path]: value })).toContain(`${severity} ${path}`);
  });

  it('explains no set-id file among its database entries', () => {
    expect(upgraded({ '/var/lib/dpkg/info/x.sh': f('4755'), '/var/lib/dpkg/info/x.postinst': f('755') })).toEqual([
      'critical /var/lib/dpkg/info/x.sh',
      'medium x',
    ]);
  });

  it('explains no file of it that is gone', () => {
    const { '/etc/x': _, ...rest } = before;
    expect(live(before, rest, version('1'), version('2'))).toContain('medium /etc/x');
  });
});

describe('a process', () => {
  const running =
    (ownMounts: boolean): Set =>
    (d) => {
      d.root = '1:2';
      const process = { pid: 9, ppid: 1, comm: 'evil', argv: ['evil'], deleted: false, exeId: '1:9', uid: 0 };
      d.processes = [
        { ...process, startedAt: 0, rss: 0, exe: '/srv/jail/evil', sha256: sum('e'), root: '1:77', ownMounts },
      ];
    };

  it('in a chroot of this server is judged; a container is another image', () => {
    expect(live({}, {}, () => {}, running(true))).toEqual(['high /srv/jail/evil']);
    expect(live({}, {}, () => {}, running(false))).toEqual([]);
  });
});

describe('bytecode and boot images', () => {
  const own = '/usr/lib/python3/dist-packages/a/__pycache__/b.cpython-311.pyc';
  const other = '/usr/lib/python3/dist-packages/c/__pycache__/d.cpython-311.pyc';
  const initrd = '/boot/initrd.img-6.1';
  const old: Set = (d) => d.packages.set('dpkg python3-a', '1');
  const upgraded: Set = (d) => {
    d.packages.set('dpkg python3-a', '2');
    d.owned.set('/usr/lib/python3/dist-packages/a/b.py', 'python3-a 00');
  };

  it('are explained only by the package they come from', () => {
    const all = (c: string) => ({ [own]: f('644', c), [other]: f('644', c), [initrd]: f('644', c) });
    const found = live(all('a'), all('b'), old, upgraded);
    expect(found.map((x) => x.split(' ')[1]).sort()).toEqual([initrd, other, 'python3-a'].sort());
  });
});

it('a flood of findings is cut, and says how many there are', () => {
  const flood = Object.fromEntries(Array.from({ length: 10_050 }, (_, i) => [`/srv/p${i}`, f('755')]));
  const found = live({}, flood);
  expect(found).toHaveLength(10_001);
  expect(found.at(-1)).toBe('medium too many differences');
});
