import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpacked } from '../../src/collect/frames.ts';
import { composeProgram, programSha256 } from '../../src/collect/program.ts';
import { probes } from '../../src/collect/registry.ts';
import { escapeName } from '../../src/core/bytes.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { busybox, busyboxProgram, draftOf, filesOf, program, shells } from './shells.ts';
import { oddNames, plant, plantOddTree, type Scratch, scratch } from './tree.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;

describe.each(shells)('the program under $name', ({ command, missing }) => {
  it.skipIf(missing)('parses', () => {
    const [file = '', ...rest] = command;
    const { status, stderr } = spawnSync(file, [...rest, '-n'], { input: program, encoding: 'utf8' });
    // ksh93 has advice on style.
    expect(stderr.replace(/^ksh93: warning: .*\n/gm, '')).toBe('');
    expect(status).toBe(0);
  });

  it.skipIf(missing)('runs nothing when its upload is cut', () => {
    const [file = '', ...rest] = command;
    for (const share of [0.2, 0.5, 0.9, 0.999]) {
      const cut = program.slice(0, Math.floor(program.length * share));
      const { stdout } = spawnSync(file, [...rest, '-s', '--', '/nonexistent', 'offline', '0'], { input: cut });
      expect(stdout.toString('latin1')).toBe('');
    }
  });
});

// What sshd passes on to a bash: every word of the program that could be a command is a function of somebody else.
it('uses no function of the environment where sh is bash', () => {
  const dir = scratch('functions');
  plant(dir.path, { 'etc/hostname': 'x\n', 'usr/bin/tool': 'x' });
  const special = /^(?:break|continue|eval|exec|exit|export|return|set|shift|trap|unset)$/;
  const commands = spawnSync('bash', ['-c', 'compgen -b; ls /bin /sbin /usr/bin /usr/sbin'], { encoding: 'utf8' });
  const words = new Set(program.match(/[\w.[-]+/g));
  const names = [...new Set(commands.stdout.split('\n'))].filter((name) => words.has(name) && !special.test(name));
  expect(names).toEqual(expect.arrayContaining(['[', 'find', 'printf', 'read', 'sed', 'test']));
  const env = Object.fromEntries(names.map((name) => [`BASH_FUNC_${name}%%`, '() { builtin echo owned; }']));
  symlinkSync('/bin/bash', join(dir.path, 'sh'));
  const run = (more: NodeJS.ProcessEnv) =>
    spawnSync(join(dir.path, 'sh'), ['-s', '--', join(dir.path, 'usr'), 'offline', '0'], {
      input: program,
      env: { ...process.env, ...more },
    }).stdout;
  expect(spawnSync(join(dir.path, 'sh'), ['-c', 'find'], { env, encoding: 'utf8' }).stdout).toBe('owned\n');
  const said = unpacked(run(env)).toString('latin1');
  expect(said).not.toContain('owned');
  expect(said).toContain('/usr/bin/tool');
  dir.remove();
});

it('is the same bytes each time, so that its digest can be pinned', () => {
  expect(composeProgram(Object.values(probes))).toBe(program);
  expect(programSha256(program)).toBe(sha256(program));
});

describe.each(shells)('a small system read under $name', ({ command, missing }) => {
  let dir: Scratch;
  beforeAll(() => {
    dir = scratch('small');
    plant(dir.path, {
      'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000:Web,,,:/home/web:/bin/sh\n',
      'etc/group': 'root:x:0:\nsudo:x:27:web,root\n',
      'etc/shadow': { text: 'root:*:1:0:::::\nweb:$6$salt$hash:1:0:::::\n', mode: 0o640 },
      'etc/os-release': 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian 13"\nIMAGE_ID=web\nIMAGE_VERSION=42\n',
      'etc/hostname': 'small\n',
      'etc/app.conf': 'a = 1\n',
      'etc/secret.key': 'not shown\n',
      'etc/private.conf': { text: 'not shown\n', mode: 0o600 },
      'usr/bin/tool': { text: '#!/bin/sh\n', mode: 0o755 },
      'tmp/ignored': 'x',
      'var/log/ignored': 'x',
      'var/lib/dpkg/status':
        'Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2-3\nConffiles:\n /etc/app.conf 0123456789abcdef0123456789abcdef\n\n',
      'var/lib/dpkg/info/tool.list': '/.\n/usr\n/usr/bin\n/usr/bin/tool\n/etc/app.conf\n',
      'var/lib/dpkg/info/tool.md5sums': `${'a'.repeat(32)}  usr/bin/tool\n`,
    });
  });
  afterAll(() => dir.remove());

  it.skipIf(missing)('gives exactly its facts', () => {
    const draft = draftOf(command, program, { root: dir.path, mode: 'offline', since: 0 });
    expect(draft.gaps.filter((g) => g.reason !== 'tool-missing')).toEqual([]);
    expect([...draft.partial]).toEqual([]);
    expect(draft.os).toMatchObject({ id: 'debian', version: '13', pretty: 'Debian 13', hostname: 'small', uid });
    expect(draft.os.imageHints).toEqual(['web:42', 'web-42', 'web@42']);
    expect(Object.fromEntries(draft.packages)).toEqual({ 'dpkg tool': '1.2-3' });
    expect(Object.fromEntries(draft.owned)).toEqual({
      '/usr': 'tool -',
      '/usr/bin': 'tool -',
      '/usr/bin/tool': `tool ${'a'.repeat(32)}`,
      '/etc/app.conf': 'tool 0123456789abcdef0123456789abcdef conffile',
    });
    expect(Object.fromEntries(draft.accounts)).toEqual({
      'user root': '0\t0\troot\t/root\t/bin/sh\tlocked -',
      'user web': `1000\t1000\tWeb,,,\t/home/web\t/bin/sh\tset ${sha256('$6$salt$hash')}`,
      'group root': '0\t',
      'group sudo': '27\troot,web',
    });
    // passwd may hold passwords on old systems, so its text is never kept.
    expect([...draft.contents.keys()].sort()).toEqual([
      '/etc/app.conf',
      '/etc/group',
      '/etc/hostname',
      '/etc/os-release',
    ]);
    expect(draft.contents.get('/etc/app.conf')).toBe('a = 1\\n');
    const files = filesOf(draft);
    expect([...files.keys()].filter((key) => /ignored/.test(key))).toEqual([]);
    expect(files.get('/usr/bin/tool')).toBe(`f 755 ${uid} ${gid} 10 ${sha256('#!/bin/sh\n')} -`);
    expect(files.get('/etc/shadow')).toMatch(/^f 640 /);
    expect(draft.processes).toBeUndefined();
    expect(draft.sockets).toBeUndefined();
    expect(Math.abs(draft.readAt - Date.now() / 1000)).toBeLessThan(120);
  });

  it.skipIf(missing)('writes nothing', () => {
    const stateOf = () =>
      readdirSync(dir.path, { recursive: true, encoding: 'utf8' })
        .sort()
        .map((name) => [name, lstatSync(join(dir.path, name)).mtimeMs, lstatSync(join(dir.path, name)).ctimeMs]);
    const before = stateOf();
    draftOf(command, program, { root: dir.path, mode: 'offline', since: 0 });
    expect(stateOf()).toEqual(before);
  });
});

describe('a tree with odd names', () => {
  let dir: Scratch;
  let tools: Scratch;
  beforeAll(() => {
    dir = scratch("odd 'name' [x]*");
    tools = scratch('tools');
    plantOddTree(dir.path);
  });
  afterAll(() => {
    dir.remove();
    tools.remove();
  });

  const expected = () => {
    const lines: Record<string, string> = {};
    for (const [name, text] of Object.entries(oddNames))
      lines[escapeName(`/${name}`)] = `f 644 ${uid} ${gid} ${Buffer.byteLength(text)} ${sha256(text)} -`;
    return {
      ...lines,
      '/srv/empty': `f 644 ${uid} ${gid} 0 ${sha256('')} -`,
      '/srv/setuid': `f 4755 ${uid} ${gid} 10 ${sha256('#!/bin/sh\n')} -`,
      '/srv/sticky': `f 1600 ${uid} ${gid} 1 ${sha256('x')} -`,
      '/srv/dir\\nwith newline/inner': `f 644 ${uid} ${gid} 5 ${sha256('inner')} -`,
      '/srv/original': `f 644 ${uid} ${gid} 6 ${sha256('linked')} links=2`,
      '/srv/hard': `f 644 ${uid} ${gid} 6 ${sha256('linked')} links=2`,
      '/srv/soft': `l 777 ${uid} ${gid} - - - original`,
      '/srv/dangling': `l 777 ${uid} ${gid} - - - /nowhere/at\\nall`,
      '/srv/-bytes': `l 777 ${uid} ${gid} - - - to \xff bytes`,
      '/srv/loop': `l 777 ${uid} ${gid} - - - ..`,
      '/etc/hostname': `f 644 ${uid} ${gid} 4 ${sha256('odd\n')} -`,
    };
  };

  describe.each(shells)('under $name', ({ command, missing }) => {
    it.skipIf(missing)('is read exactly', () => {
      const draft = draftOf(command, program, { root: dir.path, mode: 'offline', since: 0 });
      const files = filesOf(draft);
      expect(Object.fromEntries([...files].filter(([, value]) => /^[fl]/.test(value)))).toEqual(expected());
      expect(files.get('/srv/fifo')).toMatch(/^p /);
      expect(files.get('/srv/bare')).toBe(`d 2711 ${uid} ${statSync(join(dir.path, 'srv/bare')).gid} - - -`);
      expect(files.get('/srv/dir\\nwith newline')).toMatch(/^d /);
      expect(draft.gaps.filter((g) => g.reason !== 'tool-missing')).toEqual([]);
    });
  });

  it.skipIf(!busybox)('is the same when every tool is busybox, byte for byte', () => {
    const args = { root: dir.path, mode: 'offline', since: 0 } as const;
    const path = join(tools.path, 'bin');
    rmSync(path, { recursive: true, force: true });
    const text = busyboxProgram(path);
    const theirs = draftOf([join(path, 'ash')], text, args);
    const gnu = draftOf(['sh'], program, args);
    // busybox has neither perl nor python: that much is said, attributes are unknown, and nothing else differs.
    expect(theirs.gaps.filter((g) => g.reason !== 'tool-missing')).toEqual([]);
    const keep = (draft: typeof gnu) => {
      const { files, packages, accounts, contents } = buildFingerprint(draft);
      return {
        files: files.toString('latin1'),
        packages: packages.toString(),
        accounts: accounts.toString(),
        contents: contents.toString('latin1'),
      };
    };
    const { files, ...others } = keep(theirs);
    expect({
      files: files.replaceAll(
        /^([^\0]*\0[fdbc] .* )\?(?:$|\+)/gm,
        (all, rest) => rest + (all.endsWith('?') ? '-' : ''),
      ),
      ...others,
    }).toEqual(keep(gnu));
    expect(files).toMatch(/\0f .* \?$/m);
  });
});
