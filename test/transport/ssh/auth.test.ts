import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Reach } from '../../../src/core/ports.ts';
import { ssh } from '../../../src/transport/ssh/transport.ts';
import { calm, instanceAt, wide } from '../contract.ts';
import { attemptLogin } from './attempt.ts';
import { knownLine, makeScratch, type Scratch } from './scratch.ts';
import { haveSshd, type Sshd, startSshd } from './sshd.ts';

let scratch: Scratch;
const key = (name: string): string => scratch.path(name);
beforeAll(async () => {
  scratch = await makeScratch();
  for (const name of ['host', 'id', 'wrong1', 'wrong2', 'wrong3']) await scratch.key(name);
  for (let n = 4; n < 8; n++) await scratch.key(`wrong${n}`);
  await scratch.key('locked', 'open sesame');
  await scratch.write('nonsense', 'this is no key\n');
});
afterAll(() => scratch.remove());
afterEach(() => vi.unstubAllEnvs());

const attempt = (uri: string, reach: Reach) => attemptLogin(scratch, uri, reach);

describe.runIf(haveSshd())('with the real sshd', () => {
  let server: Sshd;
  let publicHostKey = '';
  const uri = (): string => `ssh://${server.user}@127.0.0.1:${server.port}`;
  const attempts = (): number =>
    server.log().match(/Failed publickey|Connection closed by authenticating/g)?.length ?? 0;
  beforeAll(async () => {
    publicHostKey = execFileSync('cat', [key('host.pub')], { encoding: 'utf8' });
    server = await startSshd(scratch, ['host'], ['id', 'locked'], 'MaxAuthTries 4');
    await scratch.write('known', knownLine('127.0.0.1', server.port, publicHostKey));
  });
  afterAll(() => server.stop());

  it('tries several keys on one connection', async () => {
    const before = server.log().match(/Connection from/g)?.length ?? 0;
    expect(await attempt(uri(), { identityFiles: [key('wrong1'), key('absent'), key('wrong2'), key('id')] })).toBe(
      'in',
    );
    expect(server.log().match(/Connection from/g)?.length).toBe(before + 1);
  });

  it('lists what was tried and why it did not help', async () => {
    const identityFiles = [key('wrong1'), key('absent'), key('nonsense'), key('locked'), key('wrong2')];
    const error = await attempt(uri(), { identityFiles, password: 'file:/dev/null' });
    expect(error).toMatchObject({ reason: 'auth', message: expect.stringContaining('/dev/null, is empty') });
    expect(await attempt(uri(), { identityFiles })).toMatchObject({
      reason: 'auth',
      message: expect.stringMatching(
        /does not let .* in; tried \S+wrong1 \(ssh-ed25519 SHA256:\S+\): refused; \S+wrong2 \(.*\): refused; \S+absent: ENOENT.*; \S+nonsense: not a key .*; \S+locked: encrypted, and no passphrase is given \(reach\.passphrase.*\); it takes publickey/,
      ),
    });
  });

  it('says so when the server has had enough', async () => {
    const before = attempts();
    const identityFiles = [1, 2, 3, 4, 5, 6, 7].map((n) => key(`wrong${n}`));
    expect(await attempt(uri(), { identityFiles })).toMatchObject({
      reason: 'auth',
      message: expect.stringContaining('it says "Too many authentication failures'),
      hint: expect.stringContaining('IdentitiesOnly'),
    });
    expect(attempts() - before).toBeLessThan(7);
  });

  it('opens an encrypted key by reference', async () => {
    vi.stubEnv('PASSPHRASE_OF_TEST', 'open sesame\n');
    expect(await attempt(uri(), { identityFiles: [key('locked')], passphrase: 'env:PASSPHRASE_OF_TEST' })).toBe('in');
    vi.stubEnv('PASSPHRASE_OF_TEST', 'close sesame');
    const error = await attempt(uri(), { identityFiles: [key('locked')], passphrase: 'env:PASSPHRASE_OF_TEST' });
    expect(error).toMatchObject({ message: expect.stringContaining('the passphrase does not open it') });
    expect(String(error)).not.toContain('close sesame');
  });

  it('opens keys that ssh-keygen made, of every kind', async () => {
    for (const [type, format] of [
      ['rsa', 'PEM'],
      ['rsa', 'RFC4716'],
      ['ecdsa', 'PEM'],
      ['ecdsa', 'RFC4716'],
      ['ed25519', 'RFC4716'],
    ] as const) {
      const name = `made-${type}-${format}`;
      execFileSync('ssh-keygen', ['-q', '-t', type, '-m', format, '-N', 'secret', '-f', key(name)]);
      const own = await startSshd(scratch, ['host'], [name]);
      await scratch.write('known', knownLine('127.0.0.1', own.port, publicHostKey));
      const passphrase = `file:${await scratch.write('phrase', 'secret\n')}`;
      const reach = { identityFiles: [key(name)], passphrase };
      expect([name, await attempt(`ssh://${own.user}@127.0.0.1:${own.port}`, reach)]).toEqual([name, 'in']);
      await own.stop();
    }
    await scratch.write('known', knownLine('127.0.0.1', server.port, publicHostKey));
  });

  describe.skipIf(spawnSync('ssh-agent', ['-h']).error !== undefined)('and a real ssh-agent', () => {
    let agent: ChildProcess;
    beforeAll(async () => {
      agent = spawn('ssh-agent', ['-D', '-a', key('agent')], { stdio: 'ignore' });
      await vi.waitUntil(() => existsSync(key('agent')));
      const add = (name: string) =>
        execFileSync('ssh-add', ['-q', key(name)], {
          env: { ...process.env, SSH_AUTH_SOCK: key('agent') },
          stdio: 'ignore',
        });
      for (const name of ['wrong1', 'id']) add(name);
    });
    afterAll(() => agent.kill());

    it('uses its keys, by SSH_AUTH_SOCK and by IdentityAgent', async () => {
      vi.stubEnv('SOCKET_OF_TEST', key('agent'));
      expect(await attempt(uri(), { identityFiles: [] })).toBe('in');
      vi.stubEnv('SOCKET_OF_TEST', '');
      const sshConfig = await scratch.write('config', `IdentityAgent ${key('agent')}\nIdentityFile none\n`);
      expect(await attempt(uri(), { sshConfig })).toBe('in');
    });

    it('asks it only for the named keys where IdentitiesOnly is set', async () => {
      vi.stubEnv('SOCKET_OF_TEST', key('agent'));
      const only = await scratch.write('config', `IdentitiesOnly yes\nIdentityFile ${key('wrong2')}\n`);
      const error = await attempt(uri(), { sshConfig: only });
      expect(error).toMatchObject({ message: expect.stringMatching(/wrong2.*: refused; it takes/) });
      expect(String(error)).not.toContain('agent key');
      // The file may be the public half alone.
      const half = await scratch.write('config2', `IdentitiesOnly yes\nIdentityFile ${key('id.pub')}\n`);
      expect(await attempt(uri(), { sshConfig: half })).toBe('in');
    });

    it('offers no key twice', async () => {
      vi.stubEnv('SOCKET_OF_TEST', key('agent'));
      const print = execFileSync('ssh-keygen', ['-lf', key('wrong1.pub')], { encoding: 'utf8' }).split(' ')[1] ?? '?';
      const offers = (): number =>
        server
          .log()
          .split(`Failed publickey for ${server.user}`)
          .filter((line) => line.includes(print)).length;
      const before = offers();
      expect(await attempt(uri(), { identityFiles: [key('wrong1')] })).toBe('in');
      expect(offers() - before).toBe(1);
    });
  });

  it('goes on without an agent that is not there, or does not answer', async () => {
    vi.stubEnv('SOCKET_OF_TEST', key('no-agent'));
    expect(await attempt(uri(), { identityFiles: [key('id')] })).toBe('in');
    expect(await attempt(uri(), { identityFiles: [] })).toMatchObject({
      message: expect.stringContaining(`ssh-agent at ${key('no-agent')}`),
    });
    const mute = createServer(() => {}).listen(key('mute'));
    vi.stubEnv('SOCKET_OF_TEST', key('mute'));
    const session = ssh.open(
      instanceAt(uri(), {
        sshConfig: await scratch.write('c', `IdentityAgent ${key('mute')}\n`),
        knownHosts: [key('known')],
        identityFiles: [key('id')],
      }),
      { ...wide, connectMs: 500 },
      calm,
    );
    await (await session).close();
    mute.close();
  });
});
