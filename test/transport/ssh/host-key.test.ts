import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Reach } from '../../../src/core/ports.ts';
import { ssh } from '../../../src/transport/ssh/transport.ts';
import { calm, instanceAt, wide } from '../contract.ts';
import { type FakeServer, startFake } from './fake-server.ts';
import { ed25519Key } from './keys.ts';
import { knownLine, makeScratch, type Scratch } from './scratch.ts';
import { haveSshd, startSshd } from './sshd.ts';

vi.stubEnv('SSH_AUTH_SOCK', '');

let scratch: Scratch;
let server: FakeServer;
let authentications = 0;
beforeAll(async () => {
  scratch = await makeScratch();
  await scratch.key('id');
  await scratch.key('other');
  server = await startFake({
    authenticate: (context) => {
      authentications++;
      context.accept();
    },
  });
});
afterAll(async () => {
  await server.stop();
  await scratch.remove();
});

/** Opens with a known-hosts file of this content; says `open`, or the error. */
async function attempt(known: string, reach: Reach = {}, port = server.port) {
  const file = await scratch.write('known', known);
  const way = { sshConfig: 'none', knownHosts: [file], identityFiles: [scratch.path('id')], ...reach };
  try {
    const session = await ssh.open(instanceAt(`ssh://u@127.0.0.1:${port}`, way), wide, calm);
    await session.close();
    return 'open';
  } catch (error) {
    return error as { reason: string; message: string; hint: string };
  }
}

const keyOf = (publicKey: string): string => publicKey.split(' ').slice(0, 2).join(' ');
const shown = () => fingerprintOf(server.hostKey);
function fingerprintOf(publicKey: string): string {
  const printed = execFileSync('ssh-keygen', ['-lf', '-'], { input: publicKey, encoding: 'utf8' });
  return printed.split(' ')[1] ?? '';
}

describe('the host key', () => {
  it('is accepted where it is known, with its port or without', async () => {
    expect(await attempt(knownLine('127.0.0.1', server.port, server.hostKey))).toBe('open');
    expect(await attempt(`127.0.0.1 ${keyOf(server.hostKey)}\n`)).toBe('open');
    expect(await attempt(`*,!10.* ${keyOf(server.hostKey)}\n`)).toBe('open');
  });

  it('is refused where it is unknown, before anything is told to the server', async () => {
    const before = authentications;
    const error = await attempt(`web1 ${keyOf(server.hostKey)}\n`);
    expect(error).toMatchObject({
      reason: 'host-key',
      message: `the host key of 127.0.0.1:${server.port} is unknown: it shows ssh-ed25519 ${shown()}, and [127.0.0.1]:${server.port} is not in ${scratch.path('known')}`,
      hint: expect.stringContaining(`ssh-keyscan -p ${server.port} 127.0.0.1 >> ${scratch.path('known')}`),
    });
    expect(authentications).toBe(before);
  });

  it('is refused where it has changed, with both fingerprints and the place of the known one', async () => {
    const other = await readFile(scratch.path('other.pub'), 'utf8');
    const error = await attempt(`# first line\n${knownLine('127.0.0.1', server.port, other)}`);
    expect(error).toMatchObject({
      reason: 'host-key',
      message: `the host key of 127.0.0.1:${server.port} has changed: it shows ssh-ed25519 ${shown()}, known is ssh-ed25519 ${fingerprintOf(other)} (${scratch.path('known')}:2)`,
      hint: expect.stringContaining(`ssh-keygen -R '[127.0.0.1]:${server.port}' -f ${scratch.path('known')}`),
    });
  });

  it('is not taken from the portless name when another is known for the port', async () => {
    const other = await readFile(scratch.path('other.pub'), 'utf8');
    const known = `127.0.0.1 ${keyOf(server.hostKey)}\n${knownLine('127.0.0.1', server.port, other)}`;
    expect(await attempt(known)).toMatchObject({ message: expect.stringContaining('has changed') });
    // And the other way round: another key without a port says nothing about this port.
    expect(await attempt(`127.0.0.1 ${keyOf(other)}\n`)).toMatchObject({
      message: expect.stringContaining('is unknown'),
    });
  });

  it('is refused where it is revoked, even if it is known too', async () => {
    const known = `${knownLine('127.0.0.1', server.port, server.hostKey)}@revoked * ${keyOf(server.hostKey)}\n`;
    expect(await attempt(known)).toMatchObject({
      reason: 'host-key',
      message: expect.stringMatching(/is revoked: .*known:2 marks @revoked/),
    });
  });

  it('is not covered by a certificate authority, and the error says why', async () => {
    const other = await readFile(scratch.path('other.pub'), 'utf8');
    expect(await attempt(`@cert-authority * ${keyOf(other)}\n`)).toMatchObject({
      reason: 'host-key',
      message: expect.stringMatching(/known:1 trusts a certificate authority .*ssh2\) cannot verify host certificates/),
    });
  });

  it('is looked up under HostKeyAlias, in the files of the configuration', async () => {
    const known = await scratch.write('alias-known', `the-alias ${keyOf(server.hostKey)}\n`);
    const sshConfig = await scratch.write('config', `HostKeyAlias the-alias\nUserKnownHostsFile ${known}\n`);
    const way = { sshConfig, identityFiles: [scratch.path('id')] };
    const session = await ssh.open(instanceAt(`ssh://u@127.0.0.1:${server.port}`, way), wide, calm);
    await session.close();
    await scratch.write('alias-known', `127.0.0.1 ${keyOf(server.hostKey)}\n`);
    await expect(ssh.open(instanceAt(`ssh://u@127.0.0.1:${server.port}`, way), wide, calm)).rejects.toMatchObject({
      reason: 'host-key',
      message: expect.stringContaining('the-alias is not in'),
    });
  });

  it('is unknown where the named file is not there, and the error names the file', async () => {
    expect(await attempt('', { knownHosts: [scratch.path('absent')] })).toMatchObject({
      reason: 'host-key',
      message: expect.stringContaining(`no such file or directory, stat '${scratch.path('absent')}'`),
    });
  });

  it('is refused where the file can be found but not read', async () => {
    expect(await attempt('', { knownHosts: [scratch.path('.')] })).toMatchObject({
      reason: 'host-key',
      message: expect.stringContaining('EISDIR'),
    });
  });
});

it.each(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ssh-rsa'] as const)(
  'asks a server with several keys for the known one: %s',
  async (type) => {
    const pairs = {
      'ssh-rsa': ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }),
      'ecdsa-sha2-nistp256': ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }),
      'ssh-ed25519': ed25519Key(),
    };
    const several = await startFake({ hostKeys: Object.values(pairs).map((pair) => pair.private) });
    expect(await attempt(knownLine('127.0.0.1', several.port, pairs[type].public), {}, several.port)).toBe('open');
    await several.stop();
  },
);

it.runIf(haveSshd())('asks the real sshd for the known one too', async () => {
  for (const type of ['ed25519', 'ecdsa', 'rsa']) {
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', scratch.path(`host-${type}`)]);
  }
  const real = await startSshd(scratch, ['host-ed25519', 'host-ecdsa', 'host-rsa'], ['id']);
  try {
    for (const type of ['ed25519', 'ecdsa', 'rsa']) {
      const known = knownLine('127.0.0.1', real.port, await readFile(scratch.path(`host-${type}.pub`), 'utf8'));
      const way = {
        sshConfig: 'none',
        knownHosts: [await scratch.write('real', known)],
        identityFiles: [scratch.path('id')],
      };
      const session = await ssh.open(instanceAt(`ssh://${real.user}@127.0.0.1:${real.port}`, way), wide, calm);
      await session.close();
    }
    // What ssh-keyscan writes is what we read: the advice in the error works.
    const scanned = execFileSync('ssh-keyscan', ['-H', '-p', String(real.port), '127.0.0.1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const way = {
      knownHosts: [await scratch.write('scanned', scanned.toString())],
      identityFiles: [scratch.path('id')],
    };
    const uri = `ssh://${real.user}@127.0.0.1:${real.port}`;
    await (await ssh.open(instanceAt(uri, { sshConfig: 'none', ...way }), wide, calm)).close();
  } finally {
    await real.stop();
  }
});
