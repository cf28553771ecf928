import { describe, expect, it } from 'vitest';
import type { Draft } from '../../src/core/draft.ts';
import type { ProcessFact } from '../../src/core/facts.ts';
import type { MountFact, Running } from '../../src/core/running.ts';
import { compare } from '../../src/drift/drift.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/judge.ts';
import { scriptOf } from '../../src/policy/script.ts';
import type { Policy } from '../../src/schema/policy.ts';
import { file, fingerprint, sum } from '../drift/make.ts';

const process = (rest: Partial<ProcessFact> = {}): ProcessFact => ({
  pid: 10,
  ppid: 1,
  comm: 'sshd',
  argv: ['sshd'],
  exe: '/usr/sbin/sshd',
  deleted: false,
  exeId: '1:1',
  sha256: sum('a'),
  uid: 0,
  startedAt: 0,
  rss: 0,
  root: '1:2',
  ownMounts: true,
  ...rest,
});

const base = {
  '/usr/sbin/sshd': file('a', '755'),
  '/usr/bin/python3.11': file('b', '755'),
  '/usr/lib/libx.so.1': file('c'),
};
const python = process({
  pid: 20,
  comm: 'x',
  argv: ['python3', '/opt/x.py'],
  exe: '/usr/bin/python3.11',
  sha256: sum('b'),
});

/** What is found on a running server of these files, of which no file differs but those said. */
function findings(
  running: Running,
  options: {
    files?: Record<string, string>;
    live?: Record<string, string>;
    processes?: ProcessFact[];
    image?: (draft: Draft) => void;
    set?: (draft: Draft) => void;
    rules?: Policy['rules'];
  } = {},
) {
  const files = { ...base, ...options.files };
  const image = fingerprint(files, options.image);
  const live = fingerprint({ ...files, ...options.live }, (draft) => {
    draft.processes = options.processes ?? [process(), python];
    draft.running = running;
    options.set?.(draft);
  });
  const policy: Policy = {
    schema: 'snowfence.policy/v1',
    name: 'test',
    ...(options.rules ? { rules: options.rules } : {}),
  };
  return judge({
    instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
    ...{ image, live, now: 0 },
    drifts: compare(image, live).drifts,
    policy: compilePolicy([policy], { os: ['debian'], image: 'web:42', group: 'web' }),
  }).findings;
}

const shown = (list: ReturnType<typeof findings>) => list.map(({ subject, severity }) => [subject, severity]);
const library = (path: string, rest = {}) => ({ path, deleted: false, pids: [10], mappings: 1, sha256: '', ...rest });

describe('libraries', () => {
  it.each([
    ['of the image', library('/usr/lib/libx.so.1')],
    [
      'of the image, replaced on disk and in use as it was',
      library('/usr/lib/libx.so.1', { deleted: true, sha256: sum('c') }),
    ],
    [
      'of the image whose old content could not be read, which is a gap',
      library('/usr/lib/libx.so.1', { deleted: true }),
    ],
    ['that is a program', library('/usr/sbin/sshd')],
  ])('%s: nothing to say', (_, one) => {
    expect(findings({ libraries: [one] })).toEqual([]);
  });

  it.each([
    ['another content', library('/usr/lib/libx.so.1', { deleted: true, sha256: sum('d') }), 'critical'],
    ['no file in the image', library('/usr/lib/libevil.so', { pids: [] }), 'high'],
    ['no file in the image, in a place for everybody', library('/tmp/e.so'), 'critical'],
    ['no name any more', library('/opt/e.so', { deleted: true, sha256: sum('e') }), 'critical'],
    ['no file at all', library('/memfd:x', { deleted: true }), 'critical'],
  ])('with %s', (_, one, severity) => {
    expect(shown(findings({ libraries: [one] }))).toEqual([[`library ${one.path}`, severity]]);
  });

  it('say who uses them', () => {
    const [found] = findings({ libraries: [library('/opt/e.so', { pids: [10, 20] })] });
    expect(found).toMatchObject({ explains: 1, after: { pids: ['10', '20'] } });
    expect(found?.reason).toContain('by /usr/sbin/sshd, /usr/bin/python3.11');
  });

  it('of a package that was upgraded are explained: a restart is due', () => {
    const upgraded = findings(
      {
        libraries: [library('/usr/lib/libx.so.1', { deleted: true, sha256: sum('d') }), library('/usr/lib/libx.so.2')],
      },
      {
        image: (draft) => {
          draft.packages.set('dpkg libx', '1');
          draft.owned.set('/usr/lib/libx.so.1', 'libx -');
        },
        set: (draft) => {
          draft.packages.set('dpkg libx', '2');
          draft.owned.set('/usr/lib/libx.so.2', 'libx -');
        },
      },
    );
    expect(shown(upgraded)).toEqual([['libx', 'medium']]);
    expect(upgraded[0]?.after).toEqual({ manager: 'dpkg', version: '2', needsRestart: ['/usr/lib/libx.so.1'] });
  });

  it('that are preloaded are one finding, graver', () => {
    const loader = [{ name: 'LD_PRELOAD', value: '/opt/e.so /usr/lib/libx.so.1' }];
    const found = findings({ libraries: [library('/opt/e.so')], traits: new Map([[10, { loader }]]) });
    expect(shown(found)).toEqual([['library /opt/e.so', 'critical']]);
    expect(found[0]?.reason).toContain('(LD_PRELOAD)');
  });
});

describe('libraries that a rule allows', () => {
  const rules: Policy['rules'] = [
    {
      id: 'a',
      kind: 'allow',
      reason: 'the JVM unpacks it there',
      fact: 'process',
      executables: ['/tmp/libnetty*', '/usr/**'],
    },
  ];

  it.each([
    [library('/tmp/libnetty1.so'), 'expected'],
    [library('/tmp/libnetty1.so', { deleted: true, sha256: sum('d') }), 'expected'],
    [library('/usr/lib/libx.so.1', { deleted: true, sha256: sum('d') }), 'violation'],
    [library('/memfd:libnetty', { deleted: true }), 'violation'],
  ])('%o: %s', (one, disposition) => {
    expect(findings({ libraries: [one] }, { rules })).toMatchObject([{ disposition }]);
  });
});

describe('the loader', () => {
  it.each([
    ['LD_PRELOAD', '/opt/none.so', 'high'],
    ['LD_AUDIT', '/opt/none.so', 'high'],
    ['LD_LIBRARY_PATH', '/usr/lib:/tmp/x', 'medium'],
  ])('is told by %s', (name, value, severity) => {
    const traits = new Map([[10, { loader: [{ name, value }] }]]);
    expect(shown(findings({ traits }))).toEqual([[`${name} of /usr/sbin/sshd`, severity]]);
  });

  it.each([
    ['LD_PRELOAD', '/usr/lib/libx.so.1'],
    ['LD_PRELOAD', 'libjemalloc.so.2'],
    ['LD_LIBRARY_PATH', '/opt/oracle/lib'],
  ])('may be told %s=%s', (name, value) => {
    expect(findings({ traits: new Map([[10, { loader: [{ name, value }] }]]) })).toEqual([]);
  });
});

describe('scripts', () => {
  const files = [
    { argument: '/opt/x.py', path: '/opt/x.py', sha256: sum('f') },
    { argument: 'data', path: '/srv/data', sha256: '' },
  ];

  it('that are not of the image', () => {
    const [found, ...more] = findings({ traits: new Map([[20, { files }]]) });
    expect(found).toMatchObject({ subject: 'script /opt/x.py', severity: 'high', after: { sha256: sum('f') } });
    expect(more).toEqual([]);
  });

  it('that brought us in are not the server, but what was there before is', () => {
    const traits = new Map([20, 30, 40].map((pid) => [pid, { files }]));
    const at = (pid: number, ppid: number, startedAt: number) => ({ ...python, pid, ppid, startedAt });
    const chain = [at(20, 1, 1000), at(30, 20, 5000), at(35, 30, 5001), at(40, 35, 5002)];
    expect(findings({ traits, self: 35 }, { processes: chain })).toMatchObject([{ after: { pids: ['20'] } }]);
    expect(findings({ traits }, { processes: chain })).toMatchObject([{ after: { pids: ['20', '30', '40'] } }]);
  });

  it('of the image, or that a rule allows', () => {
    const traits = new Map([[20, { files }]]);
    expect(findings({ traits }, { files: { '/opt/x.py': file('f') } })).toEqual([]);
    const rules: Policy['rules'] = [
      { id: 'a', kind: 'allow', reason: 'we run it on purpose', fact: 'process', executables: ['/opt/*.py'] },
    ];
    expect(findings({ traits }, { rules })).toMatchObject([{ disposition: 'expected', rule: 'a' }]);
  });

  const found = (exe: string, ...argv: string[]) =>
    scriptOf(process({ exe, argv }), [
      { argument: 'f', path: '/f', sha256: '' },
      { argument: 'd', path: '/d', sha256: '' },
    ])?.path;

  it.each([
    ['/bin/dash', 'sh', 'f', 'd'],
    ['/bin/bash', '-bash', '-o', 'd', '-x', 'f'],
    ['/bin/bash', '/bin/bash', '--rcfile', 'd', 'f'],
    ['/bin/busybox', 'sh', 'f'],
    ['/bin/busybox', 'busybox', 'ash', 'f'],
    ['/usr/bin/python3.11', 'python3', '-u', '-W', 'd', 'f', 'd'],
    ['/usr/bin/perl', 'perl', '-w', 'f'],
    ['/usr/bin/node', 'node', '--require', 'd', 'f'],
    ['/usr/bin/php8.2', 'php', '-f', 'f'],
    ['/usr/lib/jvm/bin/java', 'java', '-cp', 'd', '-jar', 'f'],
  ])('%s runs the file among: %s %s %s', (exe, ...argv) => {
    expect(found(exe, ...argv)).toBe('/f');
  });

  it.each([
    ['/bin/dash', 'sh', '-c', 'f'],
    ['/bin/dash', 'sh', '-ec', 'f'],
    ['/bin/bash', 'bash', '-s', 'f'],
    ['/bin/busybox', 'cat', 'f'],
    ['/usr/bin/python3.11', 'python3', '-m', 'f'],
    ['/usr/bin/python3.11', 'python3', '-', 'f'],
    ['/usr/bin/perl', 'perl', '-ne', 'x', 'f'],
    ['/usr/bin/node', 'node', '-e', 'x', 'f'],
    ['/usr/lib/jvm/bin/java', 'java', 'Main', 'f'],
    ['/usr/bin/cat', 'cat', 'f'],
    ['/usr/bin/perl', 'perl', 'g', 'f'],
  ])('%s runs none: %s %s %s', (exe, ...argv) => {
    expect(found(exe, ...argv)).toBeUndefined();
  });
});

describe('processes', () => {
  it('that are traced', () => {
    const [found] = findings({ traits: new Map([[10, { tracer: 20 }]]) });
    expect(found).toMatchObject({
      subject: 'traced /usr/sbin/sshd',
      tamper: true,
      after: { tracer: '/usr/bin/python3.11' },
    });
  });

  it.each([
    ['brackets', { argv: ['[kworker/0:1]'] }],
    ['a plain name', { argv: ['kworker/u8:2-events'] }],
    ['no arguments', { argv: [], comm: 'kswapd0' }],
    ['the name of a worker', { argv: ['[jbd2/vda1-8]', ''] }],
  ])('that look like kernel threads by %s', (_, rest) => {
    expect(shown(findings({}, { processes: [process(rest)] }))).toEqual([['/usr/sbin/sshd', 'high']]);
  });

  it.each([['watchdog', '-t', '5'], ['migration', 'up'], ['kworkers'], ['/usr/sbin/kauditd']])(
    'that only resemble them: %s',
    (...argv) => {
      expect(findings({}, { processes: [process({ argv })] })).toEqual([]);
    },
  );

  it('runc runs from a sealed copy of itself, and only itself', () => {
    const copy = (sha256: string) => process({ exe: '/memfd:runc_cloned:/proc/self/exe', deleted: true, sha256 });
    const files = { '/usr/bin/runc': file('e', '755') };
    expect(findings({}, { files, processes: [copy(sum('e'))] })).toEqual([]);
    expect(findings({}, { files, processes: [copy(sum('f'))] })).toMatchObject([{ rule: 'process/memory-only' }]);
  });
});

describe('mounts', () => {
  const mount = (path: string, rest: Partial<MountFact> = {}): MountFact => ({
    path,
    root: '/',
    type: 'ext4',
    source: '/dev/vdb',
    options: ['rw', 'relatime'],
    superOptions: ['rw'],
    ...rest,
  });
  const files = {
    '/home/a': file('a'),
    '/etc/hosts': file('h'),
    '/etc/cron.d': 'd 755 0 0 - - -',
    '/etc/cron.d/x': file('x'),
    '/srv': 'd 755 0 0 - - -',
    '/var/lib/my-data/x': file('y'),
    '/usr/lib/systemd/system/var-lib-my\\\\x2ddata.mount': file('z'),
  };
  const fstab = (line: string) => (draft: Draft) => void draft.contents.set('/etc/fstab', `# a\\n${line}\\n`);

  it.each([
    ['/etc/cron.d', 'high'],
    ['/usr/sbin/sshd', 'critical'],
    ['/home', 'medium'],
  ])('over %s', (path, severity) => {
    expect(findings({ mounts: [mount(path)] }, { files })).toMatchObject([
      { kind: 'mount', change: 'added', subject: path, severity },
    ]);
  });

  it.each([
    ['an empty directory', [mount('/srv'), mount('/data')]],
    [
      'what every start mounts',
      [mount('/'), mount('/proc', { type: 'proc' }), mount('/run/x'), mount('/dev/shm'), mount('/tmp')],
    ],
    ['what the image has a unit for', [mount('/var/lib/my-data')]],
    ['names of a container', [mount('/', { type: 'overlay' }), mount('/etc/hosts')]],
    ['what is mounted on demand', [mount('/home', { type: 'autofs' })]],
  ])('on %s are no finding', (_, mounts) => {
    expect(findings({ mounts }, { files })).toEqual([]);
  });

  it('over a name of a server that is no container are one', () => {
    expect(shown(findings({ mounts: [mount('/'), mount('/etc/hosts')] }, { files }))).toEqual([['/etc/hosts', 'high']]);
  });

  it('explain the files that differ because of them', () => {
    const found = findings(
      { mounts: [mount('/etc/cron.d')] },
      { files, live: { '/etc/cron.d/x': file('e'), '/etc/cron.d/y': file('e') } },
    );
    expect(found).toMatchObject([{ subject: '/etc/cron.d', explains: 2 }]);
  });

  it('of the fstab of the image keep its restrictions', () => {
    const image = fstab('/dev/vdb /home ext4 defaults,nosuid,noexec 0 2');
    expect(findings({ mounts: [mount('/home', { options: ['rw', 'nosuid', 'noexec'] })] }, { files, image })).toEqual(
      [],
    );
    expect(findings({ mounts: [mount('/home', { options: ['rw', 'nosuid'] })] }, { files, image })).toMatchObject([
      { kind: 'mount', change: 'changed', severity: 'high', reason: expect.stringContaining('without noexec') },
    ]);
    const launched = fstab('/dev/vdb /home auto defaults,nofail,comment=cloudconfig 0 2');
    expect(findings({ mounts: [mount('/home')] }, { files, set: launched })).toEqual([]);
    const readOnly = fstab('/dev/vdb /home ext4 ro 0 2');
    expect(findings({ mounts: [mount('/home', { superOptions: ['ro'] })] }, { files, image: readOnly })).toEqual([]);
    expect(findings({ mounts: [mount('/home')] }, { files, image: readOnly })).toHaveLength(1);
  });
});

describe('the kernel', () => {
  const files = {
    '/usr/lib/modules/6.1.0/kernel/fs/ext4.ko.xz': file('m'),
    '/usr/lib/modules/6.1.0/kernel/net/nf-tables.ko': file('m'),
    '/usr/sbin/modprobe': 'l 777 0 0 - - - ../bin/kmod',
  };
  const kernel = (rest: Partial<NonNullable<Running['kernel']>> = {}) => ({
    kernel: {
      modules: new Map<string, string>(),
      taint: 0,
      commandLine: '',
      settings: new Map<string, string>(),
      ...rest,
    },
  });
  const own = (release = '6.1.0') => ({
    files,
    set: (draft: Draft) => {
      draft.os.kernel = release;
    },
  });

  it('has modules of the image, and others', () => {
    const modules = new Map([
      ['ext4', ''],
      ['nf_tables', ''],
      ['evil', 'OE'],
    ]);
    const [found, ...more] = findings(kernel({ modules }), own());
    expect(found).toMatchObject({ kind: 'module', subject: 'evil', severity: 'critical', tamper: true });
    expect(found?.reason).toContain('out of tree, unsigned');
    expect(more).toEqual([]);
    // Not the kernel of this image: a container's, or the lab's.
    expect(findings(kernel({ modules }), own('6.1.0-other'))).toEqual([]);
  });

  it.each([
    ['kernel.core_pattern', '|/opt/x %p', 1],
    ['kernel.core_pattern', '|/usr/sbin/sshd %p', 0],
    ['kernel.core_pattern', 'core', 0],
    ['kernel.modprobe', '/tmp/x', 1],
    ['kernel.modprobe', '/usr/sbin/modprobe', 0],
    ['kernel.modprobe', '', 0],
  ])('starts programs as root: %s = %s', (key, value, count) => {
    expect(findings(kernel({ settings: new Map([[key, value]]) }), own())).toHaveLength(count);
  });

  it('has the settings that the image makes, where systemd makes them', () => {
    const said = (text: string) => (draft: Draft) => void draft.contents.set('/etc/sysctl.d/10-x.conf', text);
    const settings = new Map([['kernel.kptr_restrict', '0']]);
    const init = process({ pid: 1, comm: 'systemd' });
    const options = { ...own(), image: said('kernel.kptr_restrict = 2\\n') };
    expect(findings(kernel({ settings }), { ...options, processes: [init] })).toMatchObject([
      { kind: 'setting', subject: 'kernel setting kernel.kptr_restrict', severity: 'high' },
    ]);
    expect(findings(kernel({ settings }), { ...options, processes: [process({ pid: 1, comm: 'init' })] })).toEqual([]);
    expect(
      findings(kernel({ settings }), { ...own(), image: said('kernel.kptr_restrict=0'), processes: [init] }),
    ).toEqual([]);
  });
});

describe('settings of the golden instance', () => {
  it("are compared wherever the kernel is the image's, but for what memory decides", () => {
    const said = (values: Record<string, string>) => ({
      kernel: { modules: new Map(), taint: 0, commandLine: '', settings: new Map(Object.entries(values)) },
    });
    const found = findings(
      said({ 'kernel.kptr_restrict': '0', 'net.ipv4.ip_forward': '0', 'user.max_user_namespaces': '5' }),
      {
        files: { '/usr/lib/modules/6.1.0/kernel/x.ko': file('m') },
        image: (draft) => {
          draft.running = said({
            'kernel.kptr_restrict': '1',
            'net.ipv4.ip_forward': '0',
            'user.max_user_namespaces': '9',
          });
        },
        set: (draft) => {
          draft.os.kernel = '6.1.0';
        },
      },
    );
    expect(shown(found)).toEqual([['kernel setting kernel.kptr_restrict', 'high']]);
    expect(found[0]?.reason).toContain('the golden instance had 1');
  });
});

describe('people', () => {
  const at = 1_700_000_000;
  const login = (rest = {}) => ({ user: 'root', terminal: 'pts/0', from: '10.0.0.9', at, ...rest });

  it('who logged in are one finding each, the same login once', () => {
    const logins = [login(), login({ at: at + 1 }), login({ at: at + 100 }), login({ user: 'eve', from: '' })];
    expect(findings({ logins })).toMatchObject([
      { kind: 'account', subject: 'login of root', severity: 'medium', explains: 1 },
      {
        kind: 'account',
        subject: 'login of eve',
        severity: 'low',
        reason: expect.stringContaining(': on pts/0 at 2023'),
      },
    ]);
  });

  it('who start units by hand', () => {
    const unit = (path: string) => ({ name: path.slice(path.lastIndexOf('/') + 1), path, commands: ['/bin/x'] });
    const found = findings({
      units: [unit('/run/systemd/transient/run-1.service'), unit('/run/systemd/system/netplan-ovs-cleanup.service')],
    });
    expect(found).toMatchObject([
      { kind: 'service', subject: 'unit run-1.service of run time', after: { value: ['/bin/x'] } },
    ]);
  });
});

describe('sockets below TCP and UDP', () => {
  const sockets = (key: string) => (draft: Draft) => {
    draft.sockets = new Map([[key, '']]);
  };
  const allowed: Policy['rules'] = [
    {
      id: 'd',
      kind: 'allow',
      reason: 'it leases addresses',
      fact: 'socket',
      protocols: ['packet'],
      executables: ['/usr/sbin/sshd'],
    },
  ];

  it('are findings without any whitelist, and rules for them make none of ports', () => {
    expect(shown(findings({}, { set: sockets('packet * 3 /usr/bin/python3.11'), rules: allowed }))).toEqual([
      ['packet *:3', 'high'],
    ]);
    expect(findings({}, { set: sockets('packet * 2048 /usr/sbin/sshd'), rules: allowed })).toEqual([]);
    expect(findings({}, { set: sockets('tcp 0.0.0.0 4444 /usr/sbin/sshd'), rules: allowed })).toEqual([]);
  });

  it('of a program that may not be seen are no violation, while somebody says that it may not be seen', () => {
    const ssh: Policy['rules'] = [
      { id: 'ssh', kind: 'allow', reason: 'x', fact: 'socket', ports: [22], executables: ['/usr/sbin/sshd'] },
    ];
    const seen = (key: string) => shown(findings({}, { set: sockets(key), rules: ssh }));
    const blind = (key: string, rules = ssh) =>
      shown(
        findings(
          {},
          {
            set: (draft) => {
              sockets(key)(draft);
              draft.gap('sockets', 'permission', 'x');
            },
            rules,
          },
        ),
      );
    expect(seen('tcp 0.0.0.0 22 ?')).toEqual([['tcp 0.0.0.0:22', 'high']]);
    expect(blind('tcp 0.0.0.0 22 ?')).toEqual([]);
    expect(blind('tcp 0.0.0.0 23 ?')).toEqual([['tcp 0.0.0.0:23', 'high']]);
    expect(blind('tcp 0.0.0.0 22 /usr/bin/python3.11')).toEqual([['tcp 0.0.0.0:22', 'high']]);
    expect(blind('packet * 3 ?', allowed)).toEqual([]);
  });

  it('of the golden instance are the image', () => {
    const options = { set: sockets('raw 0.0.0.0 1 /usr/sbin/sshd'), image: sockets('raw 0.0.0.0 1 /usr/sbin/sshd') };
    expect(findings({}, options)).toEqual([]);
  });
});
