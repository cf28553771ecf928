import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Reach } from '../../../src/core/ports.ts';
import { ssh } from '../../../src/transport/ssh/transport.ts';
import { calm, instanceAt, wide } from '../contract.ts';
import { knownLine, makeScratch, type Scratch } from './scratch.ts';
import { haveSshd, type Sshd, startSshd } from './sshd.ts';

vi.stubEnv('SSH_AUTH_SOCK', '');

const scope = { root: '/', mode: 'live', since: 0 } as const;

describe.runIf(haveSshd())("the system's ssh", () => {
  let scratch: Scratch;
  let server: Sshd;
  let reach: Reach;
  let uri: string;
  beforeAll(async () => {
    scratch = await makeScratch();
    // Ours alone: other tests make such directories too.
    await mkdir(scratch.path('t'));
    vi.stubEnv('TMPDIR', scratch.path('t'));
    const host = await scratch.key('host');
    await scratch.key('id');
    server = await startSshd(scratch, ['host'], ['id']);
    uri = `ssh://${server.user}@127.0.0.1:${server.port}`;
    reach = {
      ...{ sshClient: 'openssh', sshConfig: 'none', identityFiles: [scratch.path('id')] },
      knownHosts: [await scratch.write('known', knownLine('127.0.0.1', server.port, host.public))],
    };
  });
  afterAll(async () => {
    await server.stop();
    await scratch.remove();
  });
  const open = (more: Reach = {}, at = uri) => ssh.open(instanceAt(at, { ...reach, ...more }), wide, calm);
  const leftovers = () => readdir(scratch.path('t'));

  /** Processes of this machine whose arguments hold the text. */
  async function processes(text: string): Promise<number[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const found = await Promise.all(
      pids.map(async (pid) =>
        (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(text) ? [Number(pid)] : [],
      ),
    );
    return found.flat().filter((pid) => pid !== process.pid);
  }

  it('tells its own failure from the exit status of the program', async () => {
    const session = await open();
    expect(await session.run('exit 255', scope)).toMatchObject({ ended: 'exit', exitCode: 255 });
    // The connection, shot from inside.
    expect(await session.run('echo begun; kill -9 $PPID; sleep 5', scope)).toMatchObject({
      ended: 'cut',
      exitCode: null,
    });
    // And it does not call again behind our back.
    expect(await session.run('echo again', scope)).toMatchObject({ ended: 'cut', stdout: Buffer.alloc(0) });
    await session.close();
  });

  it('listens to our rules before the configuration of a person', async () => {
    const mark = scratch.path('mark');
    const sshConfig = await scratch.write(
      'config',
      `Host *\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n RequestTTY force\n RemoteCommand touch ${mark}\n LogLevel QUIET\n` +
        ` PermitLocalCommand yes\n LocalCommand touch ${mark}\n ControlMaster auto\n ControlPath ${scratch.path('theirs')}\n ControlPersist 60\n` +
        ' ForwardAgent yes\n LocalForward 127.0.0.1:1 127.0.0.1:1\n StdinNull yes\n SessionType none\n',
    );
    const session = await open({ sshConfig });
    expect(await session.run('tty; echo in', scope)).toMatchObject({
      ended: 'exit',
      exitCode: 0,
      stdout: Buffer.from('not a tty\nin\n'),
    });
    await session.close();
    await expect(readFile(mark)).rejects.toThrow('ENOENT');
    expect(await processes(scratch.path('theirs'))).toEqual([]);
    await expect(open({ sshConfig, knownHosts: [await scratch.write('empty', '')] })).rejects.toMatchObject({
      reason: 'host-key',
    });
  });

  it('leaves no file and no process, and none when we are killed', async () => {
    const session = await open();
    const [own = ''] = await leftovers();
    expect((await processes(own)).length).toBeGreaterThan(0);
    await session.close();
    // A process that was ended is still seen for a moment.
    await expect.poll(async () => [await leftovers(), await processes(own)], { timeout: 10_000 }).toEqual([[], []]);
    const code = `
      import { ssh } from ${JSON.stringify(new URL('../../../src/transport/ssh/transport.ts', import.meta.url).href)};
      const instance = ${JSON.stringify(instanceAt(uri, reach))};
      await ssh.open(instance, ${JSON.stringify(wide)}, new AbortController().signal);
      process.stdout.write('open');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('close', () => reject(new Error('it did not open')));
    });
    const [dir = ''] = await leftovers();
    expect((await processes(dir)).length).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await expect.poll(() => processes(dir), { timeout: 20_000 }).toEqual([]);
  });

  it.each([
    [{ password: 'env:X' }, 'takes no password'],
    [{ passphrase: 'env:X' }, 'takes no passphrase'],
    [{ hostKeys: [`SHA256:${'A'.repeat(43)}`] }, 'takes no fingerprints'],
    [{ sshConfig: '/no/such/file' }, 'cannot read the OpenSSH configuration /no/such/file'],
    [{ identityFiles: ['/a"b'] }, "cannot be told to OpenSSH's ssh"],
    [{ proxyJump: 'a;id' }, 'must not become part of a command'],
    [{ proxyJump: '-oProxyCommand=id' }, 'is not an ssh URI'],
    [{ proxyJump: 'a,$(id)@b' }, 'must not become part of a command'],
  ] as [Reach, string][])('refuses %j', async (more, said) => {
    const before = await leftovers();
    await expect(open(more)).rejects.toMatchObject({ reason: 'unsupported', message: expect.stringContaining(said) });
    expect(await leftovers()).toEqual(before);
  });

  it.each(['ssh://-oProxyCommand=id@127.0.0.1', 'ssh://a;id', 'ssh://u@$(id)', "ssh://a'b", 'ssh://a%20b@h'])(
    'refuses %s',
    async (at) => {
      const before = await leftovers();
      await expect(open({}, at)).rejects.toMatchObject({ reason: 'unsupported' });
      expect(await leftovers()).toEqual(before);
    },
  );
});
