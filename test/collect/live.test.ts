import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame } from '../../src/collect/frames.ts';
import { kernel, parseModules } from '../../src/collect/kernel/probe.ts';
import { mounts, parseMountInfo } from '../../src/collect/mounts/probe.ts';
import { os } from '../../src/collect/os/probe.ts';
import { parseSession, people } from '../../src/collect/people/probe.ts';
import { parseUtmp } from '../../src/collect/people/utmp.ts';
import { processes } from '../../src/collect/processes/probe.ts';
import { composeProgram } from '../../src/collect/program.ts';
import { readAnswer } from '../../src/collect/run.ts';
import { parseAbstract, parseProcNet } from '../../src/collect/sockets/parse.ts';
import { sockets } from '../../src/collect/sockets/probe.ts';
import { traits } from '../../src/collect/traits/probe.ts';
import { parseUnit, units } from '../../src/collect/units/probe.ts';
import { unpack } from '../../src/collect/unpack.ts';
import { Draft } from '../../src/core/draft.ts';
import { answerOf, awks, shells } from './shells.ts';
import { plant, scratch } from './tree.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/live/${name}`, import.meta.url));
const digest = 'ab'.repeat(32);

/** A draft after one probe read these records. */
function read(probe: typeof traits, records: string[], draft = new Draft('/')): Draft {
  probe.parse(new Frame(probe.name, Buffer.from(records.map((record) => `${record}\0`).join(''), 'latin1')), draft);
  return draft;
}

describe('a process that begins another program while it is read, and then the first again', () => {
  it.each(shells.filter(({ missing }) => !missing))('has no digest of the other, by $name', async ({ command }) => {
    const dir = scratch('twice');
    execFileSync('mkfifo', [`${dir.path}/on`, `${dir.path}/done`]);
    // What `setsid sh` in a shell does, held still.
    const last = 'echo >done; read a <on';
    const other = `import os; open("done","w").write("x"); open("on").read(1); os.execv("/bin/sh",["sh","-c","${last}"])`;
    const child = spawn('sh', ['-c', `read a <on; exec python3 -c '${other}'`], { cwd: dir.path, stdio: 'inherit' });
    const step = `echo >${dir.path}/on; read a <${dir.path}/done`;
    const text = composeProgram([processes])
      .replace('P=$(echo /proc/[0-9]*)', `P=/proc/${child.pid}`)
      .replace('rec hash\n', `${step}; rec hash\n`)
      .replace('rec again\n', `${step}; rec again\n`);
    expect(text.split(step)).toHaveLength(3);
    const args = { root: '/', mode: 'live', since: 0 } as const;
    const { processes: found } = readAnswer(answerOf(command, text, args), [processes], args);
    child.kill();
    dir.remove();
    expect(found).toMatchObject([{ pid: child.pid, exe: realpathSync('/bin/sh'), sha256: '' }]);
  });
});

describe('of processes with one program, one that is about to begin another', () => {
  it.each(shells.filter(({ missing }) => !missing))(
    'takes no digest from the others, by $name',
    async ({ command }) => {
      const dir = scratch('young');
      execFileSync('mkfifo', [`${dir.path}/on`, `${dir.path}/done`]);
      const old = spawn('sh', ['-c', 'read a; :']);
      // Ages are counted in hundredths of a second.
      await sleep(50);
      const child = spawn(
        'sh',
        ['-c', 'read a <on; exec python3 -c \'open("done","w").write("x"); open("on").read()\''],
        {
          cwd: dir.path,
        },
      );
      const step = `echo >${dir.path}/on; read a <${dir.path}/done`;
      const text = composeProgram([processes])
        .replace('P=$(echo /proc/[0-9]*)', `P='/proc/${child.pid} /proc/${old.pid}'`)
        .replace('rec hash\n', `${step}; rec hash\n`);
      expect(text).toContain(step);
      const args = { root: '/', mode: 'live', since: 0 } as const;
      const { processes: found } = readAnswer(answerOf(command, text, args), [processes], args);
      for (const one of [old, child]) one.kill();
      dir.remove();
      expect(found?.find(({ pid }) => pid === old.pid)).toMatchObject({
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    },
  );
});

describe('of processes with one program, the first that ends while it is read', () => {
  it.each(shells.filter(({ missing }) => !missing))(
    'takes no digest from the others, by $name',
    async ({ command }) => {
      const [first, second, third] = Array.from({ length: 3 }, () => spawn('sleep', ['60']));
      // A process that is no child of ours any more: it is gone, and no zombie.
      const dying = spawnSync('sh', ['-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], { encoding: 'utf8' }).stdout.trim();
      const pids = [dying, first?.pid, second?.pid, third?.pid];
      const step = `kill -9 ${dying}; while [ -e /proc/${dying}/exe ]; do sleep 0.05; done`;
      const text = composeProgram([processes])
        .replace('P=$(echo /proc/[0-9]*)', `P='${pids.map((pid) => `/proc/${pid}`).join(' ')}'`)
        .replace('rec hash\n', `${step}; rec hash\n`);
      expect(text).toContain(step);
      const args = { root: '/', mode: 'live', since: 0 } as const;
      const { processes: found } = readAnswer(answerOf(command, text, args), [processes], args);
      for (const child of [first, second, third]) child?.kill();
      const digest = expect.stringMatching(/^[0-9a-f]{64}$/);
      expect(found?.filter(({ pid }) => String(pid) !== dying).map(({ sha256 }) => sha256)).toEqual([
        digest,
        digest,
        digest,
      ]);
    },
  );
});

describe('processes', () => {
  const args = { root: '/', mode: 'live', since: 0 } as const;
  const asking = (command: string[], list: string, limit: number) => {
    const text = composeProgram([processes])
      .replace('P=$(echo /proc/[0-9]*)', `P=$(${list})`)
      .replaceAll('50000', String(limit));
    expect(text).toContain(list);
    return readAnswer(answerOf(command, text, args), [processes], args);
  };

  it.each(shells.filter(({ missing }) => !missing))('are found among very many by $name', async ({ name, command }) => {
    const child = spawn('sleep', ['120']);
    // Numbers of processes that are not there stand for those that are.
    const many = (n: number) => `echo /proc/${child.pid}; awk 'BEGIN{for(i=1;i<${n};i++)print "/proc/9" 1000000+i}'`;
    const cut = [['processes', 'limit', 'of more than 50000 processes, the later ones were not looked at']];
    // As many as there may be take half a minute: one shell has more than the others.
    const steps: [n: number, limit: number, gaps: string[][]][] = [
      [2000, 50_000, []],
      name === 'dash' ? [25_000, 20_000, cut] : [12_000, 11_000, cut],
    ];
    for (const [n, limit, gaps] of steps) {
      const draft = asking(command, many(n), limit);
      const known = { pid: child.pid, exe: realpathSync('/bin/sleep'), argv: ['sleep', '120'], ownMounts: true };
      expect(draft.processes).toMatchObject([{ ...known, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
      expect(draft.gaps.map(({ probe, reason, detail }) => [probe, reason, detail])).toEqual(gaps);
    }
    child.kill();
  });
});

describe('what many processes make long', () => {
  const args = { root: '/', mode: 'live', since: 0 } as const;
  const asked = [processes, traits];

  it.each(shells.filter(({ missing }) => !missing))(
    'is told by $name as of one, whatever the environment holds',
    async ({ command }) => {
      const child = spawn('sleep', ['60']);
      const times = (n: number) => {
        const list = `P=$(awk 'BEGIN{for(i=0;i<${n};i++)print "/proc/${child.pid}"}')`;
        const text = composeProgram(asked).replace('P=$(echo /proc/[0-9]*)', list);
        expect(text).toContain(list);
        const { running, gaps, ...draft } = readAnswer(
          answerOf(command, `export A=x IDS=x NS=x LIBRARIES=x\n${text}`, args),
          asked,
          args,
        );
        const libraries = running.libraries?.map(({ path }) => path).sort();
        return { gaps, libraries, processes: draft.processes?.map(({ root, sha256, exeId }) => [root, sha256, exeId]) };
      };
      const one = times(1);
      expect(one.processes).toEqual([
        [
          expect.stringMatching(/^\d+:\d+$/),
          expect.stringMatching(/^[0-9a-f]{64}$/),
          expect.stringMatching(/^\d+:\d+$/),
        ],
      ]);
      expect(one.libraries).toContain(realpathSync('/bin/sleep'));
      expect(times(2500)).toEqual(one);
      child.kill();
    },
  );
});

describe('units of very many processes', () => {
  const { question } = traits;
  const begin = question.indexOf("awk -F/ '") + "awk -F/ '".length;
  const program = question.slice(begin, question.indexOf("'\n", begin));
  const here = awks.filter(({ missing }) => !missing);

  it.each([...here, { name: 'awk', command: ['awk'] }])('keep none of the others from being told by $name', (awk) => {
    const [file = '', ...rest] = awk.command;
    const line = (pid: number, unit: string) => `/proc/${pid}/cgroup:0::/x.slice/${unit}\n`;
    const lines = (n: number) => Array.from({ length: n }, (_, i) => line(100_000 + i, 'hog.scope')).join('');
    const told = (n: number) => {
      const input = line(6, 'web.service') + lines(n) + line(7, 'web.service');
      const { stdout } = spawnSync(file, [...rest, '-F/', program], { input, encoding: 'utf8', maxBuffer: 1 << 26 });
      const { running, gaps } = read(traits, [`units\n${stdout}`]);
      const found = [...(running.traits ?? [])].filter(([, { unit }]) => unit === 'hog.scope').length;
      return {
        web: [6, 7].map((pid) => running.traits?.get(pid)?.unit),
        found,
        gaps: gaps.map(({ probe, reason }) => [probe, reason]),
      };
    };
    expect(told(40_000)).toEqual({ web: ['web.service', 'web.service'], found: 40_000, gaps: [] });
    expect(told(200_000).gaps).toEqual([['traits', 'limit']]);
  });
});

describe('what the kernel says in a few lines', () => {
  it.each(shells.filter(({ missing }) => !missing))(
    'is read by $name to its end, whatever line feeds somebody put in',
    ({ command }) => {
      const dir = scratch('lines');
      plant(dir.path, {
        cmdline: 'root=/dev/vda quiet\ninit=/evil\n',
        // Its third field is behind the last bracket: the name of a process may hold a line feed, too.
        stat: `1 (a\n) Z 7) S ${Array.from({ length: 18 }, () => 0).join(' ')} 500 0\n`,
      });
      const asked = [os, kernel];
      const args = { root: '/', mode: 'live', since: 0 } as const;
      const text = composeProgram(asked)
        .replace('/proc/cmdline', `${dir.path}/cmdline`)
        .replace('/proc/1/stat', `${dir.path}/stat`)
        .replace('booted; whole', 'BTIME=1000; whole');
      const draft = readAnswer(answerOf(command, text, args), asked, args);
      dir.remove();
      expect(draft.running.kernel?.commandLine).toBe('root=/dev/vda quiet\\ninit=/evil');
      expect(draft.os.bootedAt).toBe(1005);
    },
  );
});

describe('libraries', () => {
  it.each(shells.filter(({ missing }) => !missing))(
    'are counted by $name, however many there are',
    async ({ command }) => {
      const dir = scratch('libraries');
      // Readable, mapped as code: anybody can do that with as many files as they like.
      const map = `import mmap,os,sys
held=[]
for i in range(8000):
  with open(sys.argv[1]+"/lib%d.so"%i,"w+b") as f:
    f.write(b"x"); f.flush(); held.append(mmap.mmap(f.fileno(),1,flags=mmap.MAP_PRIVATE,prot=mmap.PROT_READ|mmap.PROT_EXEC))
print("mapped",flush=True)
sys.stdin.read()`;
      const child = spawn('python3', ['-c', map, dir.path], { stdio: ['pipe', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      const args = { root: '/', mode: 'live', since: 0 } as const;
      const asked = [processes, traits];
      // Only of that process: a machine may run many.
      const text = composeProgram(asked).replace('P=$(echo /proc/[0-9]*)', `P=/proc/${child.pid}`);
      expect(text).toContain(`P=/proc/${child.pid}`);
      const { running, gaps } = readAnswer(answerOf(command, text, args), asked, args);
      child.kill();
      dir.remove();
      expect(running.libraries?.filter(({ path }) => path.startsWith(dir.path)).length).toBeGreaterThan(1990);
      expect(gaps).toMatchObject([{ probe: 'traits', reason: 'limit' }]);
    },
  );

  it('are told where their mapping is shared, but for memory that code is generated in', async () => {
    const dir = scratch('shared');
    const map = `import ctypes,mmap,os,sys
held=[]
def share(f): os.ftruncate(f,1); held.append(mmap.mmap(f,1,flags=mmap.MAP_SHARED,prot=mmap.PROT_READ|mmap.PROT_EXEC))
for name,gone in ("kept.so",0),("gone.so",1),("ffiAbCd12",1),("ffikept",0),("shm-id-0123456789ABCDEF",1):
  p=sys.argv[1]+"/"+name
  share(os.open(p,os.O_RDWR|os.O_CREAT))
  if gone: os.unlink(p)
share(os.memfd_create("doublemapper"))
# As PHP's opcache has its memory: by mmap and by shmget.
held.append(mmap.mmap(-1,4096,flags=mmap.MAP_SHARED,prot=mmap.PROT_READ|mmap.PROT_EXEC))
libc=ctypes.CDLL(None)
libc.shmat.restype=ctypes.c_void_p
segment=libc.shmget(0,4096,0o1700)
libc.shmat(segment,None,0o100000)
libc.shmctl(segment,0,None)
print("mapped",flush=True)
sys.stdin.read()`;
    const child = spawn('python3', ['-c', map, dir.path], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const asked = [processes, traits];
    const text = composeProgram(asked).replace('P=$(echo /proc/[0-9]*)', `P=/proc/${child.pid}`);
    expect(text).toContain(`P=/proc/${child.pid}`);
    for (const { command } of shells.filter(({ missing }) => !missing)) {
      const args = { root: '/', mode: 'live', since: 0 } as const;
      const { running } = readAnswer(answerOf(command, text, args), asked, args);
      const own = running.libraries?.filter(
        ({ path }) => path.startsWith(dir.path) || /^\/(memfd|dev|SYSV)/.test(path),
      );
      expect(own?.map(({ path, deleted }) => [path.replace(`${dir.path}/`, ''), deleted]).sort()).toEqual([
        ['ffikept', false],
        ['gone.so', true],
        ['kept.so', false],
      ]);
    }
    child.kill();
    dir.remove();
  });

  // What the program makes of the maps of a process: counts of all, and whole lines of what a server would not have.
  const code = fixture('maps')
    .toString('latin1')
    .split('\n')
    .filter((line) => /^\S+ ..xp \S+ \S+ [1-9]\d* +\//.test(line));
  const counted = code.map((line) => `      1 ${line.replace(/^\S+ \S+ \S+ \S+ \S+ +/, '')}`).join('\n');
  const odd = code
    .filter((line) => line.includes('(deleted)'))
    .map((line) => `/proc/77/maps:${line}`)
    .join('\n');
  const range = /maps:(\S+)/.exec(odd)?.[1] ?? '';

  it('are said to be more than are looked at', () => {
    expect(read(traits, ['libraries\n      1 /usr/lib/a.so\nmore\n']).gaps).toEqual([
      expect.objectContaining({ probe: 'traits', reason: 'limit', detail: expect.stringContaining('mapped as code') }),
    ]);
    // No path is taken for it.
    expect(read(traits, ['libraries\n      1 /usr/lib/more\n']).gaps).toEqual([]);
  });

  it('are counted, and told with process and content where they are odd', () => {
    const { running, gaps } = read(traits, [
      `libraries\n${counted}`,
      `odd\n${odd}`,
      `sums\n${digest} */proc/77/map_files/${range}`,
    ]);
    expect(running.libraries?.map(({ path }) => path).sort()).toEqual([
      '/tmp/gone.so',
      '/usr/bin/sleep',
      '/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
      '/usr/lib/x86_64-linux-gnu/libc.so.6',
    ]);
    expect(running.libraries?.find(({ path }) => path === '/tmp/gone.so')).toEqual({
      path: '/tmp/gone.so',
      deleted: true,
      pids: [77],
      mappings: 1,
      sha256: digest,
    });
    expect(gaps).toEqual([]);
  });

  it('that are deleted and may not be read are a gap', () => {
    const { gaps } = read(traits, [`libraries\n${counted}`, `odd\n${odd}`, 'sums\n']);
    expect(gaps).toMatchObject([{ probe: 'traits', reason: 'permission' }]);
    expect(gaps[0]?.detail).toContain('/tmp/gone.so');
  });

  it('of one deleted name are told apart by their inode', () => {
    const line = (pid: number, at: string, inode: number) =>
      `/proc/${pid}/maps:${at}-7fff r-xp 0000 fe:00 ${inode}     /usr/lib/a b.so (deleted)`;
    const { running } = read(traits, [
      'libraries\n      2 /usr/lib/a b.so (deleted)',
      `odd\n${line(1, '00400000', 5)}\n${line(2, '500000', 6)}`,
      `sums\n${digest}  /proc/1/map_files/400000-7fff\n${'cd'.repeat(32)}  /proc/2/map_files/500000-7fff`,
    ]);
    expect(running.libraries?.map(({ path, pids, sha256 }) => [path, pids, sha256.slice(0, 2)])).toEqual([
      ['/usr/lib/a b.so', [1], 'ab'],
      ['/usr/lib/a b.so', [2], 'cd'],
    ]);
  });

  it('are not what programs make to generate code', () => {
    const { running } = read(traits, ['libraries\n 3 /dev/zero (deleted)\n 1 /SYSV00000000 (deleted)\n 1 /usr/lib/x']);
    expect(running.libraries?.map(({ path }) => path)).toEqual(['/usr/lib/x']);
  });
});

describe('traits of processes', () => {
  it('are told where they are not the default', () => {
    const { running } = read(traits, [
      'status\n/proc/5/status:TracerPid:\t9\n/proc/5/status:NoNewPrivs:\t1\n/proc/5/status:Seccomp:\t2\n/proc/6/status:CapEff:\t0000000000003000\n/proc/7/status:CapEff:\t000001ffffffffff\n',
      'environ',
      '/proc/5/environ:LD_PRELOAD=/tmp/a\nb',
      'scripts',
      `script 6 ${digest}\nx.py\n/opt/x.py`,
      'script 6 \ny\n/opt/y',
    ]);
    expect(running.traits).toEqual(
      new Map([
        [5, { tracer: 9, noNewPrivileges: true, seccomp: 2, loader: [{ name: 'LD_PRELOAD', value: '/tmp/a\\nb' }] }],
        [
          6,
          {
            capabilities: '0000000000003000',
            files: [
              { argument: 'x.py', path: '/opt/x.py', sha256: digest },
              { argument: 'y', path: '/opt/y', sha256: '' },
            ],
          },
        ],
      ]),
    );
  });

  it('memory limits come from the control group or one above it, in both versions', () => {
    const { running } = read(traits, [
      'cgroup\n/proc/5/cgroup:0::/a.slice/b.service\n/proc/6/cgroup:4:memory:/c\n/proc/7/cgroup:0::/other',
      'limit /sys/fs/cgroup/a.slice/memory.max:1000000',
      'limit /sys/fs/cgroup/memory/c/memory.limit_in_bytes:2000000',
    ]);
    expect(running.traits).toEqual(
      new Map([
        [5, { cgroup: '/a.slice/b.service', memoryLimit: 1_000_000 }],
        [6, { cgroup: '/memory/c', memoryLimit: 2_000_000 }],
      ]),
    );
  });

  it('holds no more of a hostile process than of any other', () => {
    const many = Array.from({ length: 500 }, (_, i) => `/proc/5/environ:LD_PRELOAD=/x${i}`);
    expect(read(traits, many).running.traits?.get(5)?.loader).toHaveLength(20);
  });
});

describe('mounts', () => {
  it('are read with their places, names as they are', () => {
    const found = parseMountInfo(fixture('mountinfo').toString('latin1'));
    expect(found.find(({ path }) => path === '/srv')).toEqual({
      path: '/srv',
      root: '/',
      type: 'tmpfs',
      source: 'x y',
      options: ['rw', 'relatime'],
      superOptions: ['rw'],
    });
    expect(found.find(({ path }) => path === '/srv/a b')).toMatchObject({ root: '/usr/share/doc', type: 'ext4' });
    expect(found.filter(({ path }) => path === '/proc')).toMatchObject([
      { options: expect.arrayContaining(['noexec']) },
    ]);
  });

  it('that cannot be read are a gap', () => {
    expect(read(mounts, ['mounts ']).gaps).toMatchObject([{ probe: 'mounts', reason: 'unreadable' }]);
  });
});

describe('the kernel', () => {
  it('says its modules with their taint', () => {
    expect(
      parseModules(
        'nf-tables 323584 32 nft_ct, Live 0xffffffffc0000000\nevil 16384 0 - Live 0x0000000000000000 (OE)\nnonsense\nleaving 1 -1 - Unloading 0x0 (-)\n',
      ),
    ).toEqual(
      new Map([
        ['nf_tables', ''],
        ['evil', 'OE'],
        ['leaving', ''],
      ]),
    );
  });

  it('says its settings in one form', () => {
    const { running } = read(kernel, [
      'taint 4096',
      'command root=/dev/vda quiet\n',
      'settings\nkernel/core_pattern:|/x  %p\nkernel/core_pattern:again\n$(x):1\nnonsense\n',
    ]);
    expect(running.kernel).toEqual({
      modules: new Map(),
      taint: 4096,
      commandLine: 'root=/dev/vda quiet',
      settings: new Map([['kernel.core_pattern', '|/x %p']]),
    });
  });
});

describe('units of run time', () => {
  it('are named with what they start, without its secrets', () => {
    expect(
      parseUnit(
        'unit /run/systemd/transient/run-r1.service\n[Service]\nExecStart="/bin/x" "--password=hunter2"\nUser=x\n',
      ),
    ).toEqual({
      path: '/run/systemd/transient/run-r1.service',
      name: 'run-r1.service',
      commands: [expect.not.stringContaining('hunter2')],
    });
    expect(parseUnit('unit /run/systemd/transient/session-1.scope\n')).toBeUndefined();
    expect(parseUnit('unit /etc/x.service\n')).toBeUndefined();
  });
});

describe('logins', () => {
  /** A record as glibc lays it out on x86-64 (384 bytes) or aarch64 (400 bytes). */
  function record(type: number, user: string, from: string, at: number, size = 384): Buffer {
    const bytes = Buffer.alloc(size);
    bytes.writeInt16LE(type, 0);
    bytes.write('pts/0', 8);
    bytes.write(user, 44);
    bytes.write(from, 76);
    bytes.writeUInt32LE(at, size === 384 ? 340 : 344);
    return bytes;
  }
  const two = (size?: number) =>
    Buffer.concat([record(2, 'reboot', '', 5, size), record(7, 'root', '10.0.0.9', 1_700_000_000, size)]);
  const root = { user: 'root', terminal: 'pts/0', from: '10.0.0.9', at: 1_700_000_000 };

  it('are read from what sshd wrote', () => {
    const [login, ...more] = parseUtmp(fixture('wtmp'), 'x86_64');
    expect(login).toEqual({ user: 'root', terminal: 'pts/0', from: '10.213.0.1', at: expect.any(Number) });
    expect(more).toEqual([]);
  });

  it('are read in both sizes of record, packed or not', () => {
    expect(parseUtmp(two(), 'x86_64')).toEqual([root]);
    expect(parseUtmp(two(400), 'aarch64')).toEqual([root]);
    expect(parseUtmp(unpack(gzipSync(two()).toString('hex')), 'x86_64')).toEqual([root]);
    expect(parseUtmp(unpack(two().toString('hex')), 'x86_64')).toEqual([root]);
  });

  it('count since the server started', () => {
    const records = (boot: number) => [`boot ${boot}`, `logins ${two().toString('hex')}`];
    const draft = new Draft('/');
    draft.os.arch = 'x86_64';
    expect(read(people, records(1_600_000_000), draft).running.logins).toEqual([root]);
    expect(read(people, records(1_800_000_000), draft).running.logins).toEqual([]);
  });

  it('of systemd-logind are those with a terminal', () => {
    expect(parseSession('USER=eve\nTTY=pts/1\nCLASS=user\nREMOTE_HOST=::1\nREALTIME=1700000000123456\n')).toEqual({
      user: 'eve',
      terminal: 'pts/1',
      from: '::1',
      at: 1_700_000_000,
    });
    expect(parseSession('USER=eve\nTTY=\nCLASS=user\n')).toBeUndefined();
    expect(parseSession('USER=gdm\nTTY=tty1\nCLASS=greeter\n')).toBeUndefined();
  });
});

describe('sockets below TCP and UDP', () => {
  it('are read from the tables of the kernel', () => {
    expect(parseProcNet('packet', fixture('packet').toString())).toEqual([
      { proto: 'packet', address: '*', port: 3, inode: '3663561' },
    ]);
    expect(parseProcNet('raw', fixture('raw').toString())).toEqual([
      { proto: 'raw', address: '0.0.0.0', port: 1, inode: '3663562' },
    ]);
    // The form of net/sctp/proc.c: this machine's kernel has no SCTP.
    expect(
      parseProcNet(
        'sctp',
        ' ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS\nffff8 ffff9 2   10  29   3868   0   16834 0.0.0.0 \n',
      ),
    ).toEqual([{ proto: 'sctp', address: '0.0.0.0', port: 3868, inode: '16834' }]);
  });

  it('abstract ones are named once', () => {
    expect(
      parseAbstract(
        'unix\n00: 00000002 00000000 00010000 0001 01 20 @/x\n01: 00000002 00000000 00010000 0001 01 21 @/x\n02: 00000003 00000000 00000000 0001 03 22 @/y',
      ),
    ).toEqual(['@/x']);
  });
});

describe('garbage', () => {
  const words = [
    'status',
    'odd',
    'libraries',
    'sums',
    'cgroup',
    'limit',
    'script 1 ',
    'mounts ',
    'logins ',
    'settings',
    'unit ',
  ];
  const record = fc
    .tuple(fc.constantFrom('', ...words), fc.string({ unit: 'binary', maxLength: 80 }))
    .map(([word, rest]) => word + rest);

  it.each([traits, mounts, kernel, units, people, sockets].map((probe) => [probe.name, probe] as const))(
    'never breaks the reader of %s',
    (_, probe) => {
      fc.assert(fc.property(fc.array(record, { maxLength: 20 }), (records) => void read(probe, records)));
    },
  );

  it('is no login', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 900 }), fc.constantFrom('x86_64', 'aarch64', 's390x'), (bytes, arch) => {
        for (const { user } of parseUtmp(Buffer.from(bytes), arch)) expect(user).not.toBe('');
        unpack(`1f8b${Buffer.from(bytes).toString('hex')}`);
      }),
    );
  });
});
