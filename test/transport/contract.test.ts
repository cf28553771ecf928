import { readdir, realpath } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { expect, it, vi } from 'vitest';
import { docker } from '../../src/transport/docker/transport.ts';
import { local } from '../../src/transport/local/transport.ts';
import { transports } from '../../src/transport/registry.ts';
import { rootfs } from '../../src/transport/rootfs/transport.ts';
import { ssh } from '../../src/transport/ssh/transport.ts';
import { ssm } from '../../src/transport/ssm/transport.ts';
import { startSsmEndpoint } from '../lab/ssm-endpoint.ts';
import { localNode } from '../lab/ssm-nodes.ts';
import { describeContract, type Harness, instanceAt } from './contract.ts';
import { startFakeDaemon } from './docker/fake-daemon.ts';
import { startFake } from './ssh/fake-server.ts';
import { knownLine, makeScratch } from './ssh/scratch.ts';
import { haveSshd, startSshd } from './ssh/sshd.ts';

vi.stubEnv('SSH_AUTH_SOCK', '');

/** Every registered transport with somebody behind it. */
const harnesses: Record<string, Record<string, () => Promise<Harness>>> = {
  local: {
    local: async () => ({
      transport: local,
      instance: instanceAt('local:'),
      endsSilentPrograms: true,
      stop: async () => {},
    }),
  },
  rootfs: {
    rootfs: async () => {
      const scratch = await makeScratch();
      const instance = instanceAt(`rootfs:${scratch.path('.')}`);
      return { transport: rootfs, instance, endsSilentPrograms: true, stop: scratch.remove };
    },
  },
  docker: { docker: theDaemon },
  ssm: { ssm: theEndpoint },
  ssh: {
    'ssh, server in process': inProcess,
    ...(haveSshd()
      ? {
          'ssh, sshd of this machine': () => realServer('builtin'),
          'ssh by OpenSSH, the same': () => realServer('openssh'),
        }
      : {}),
  },
};

async function inProcess(): Promise<Harness> {
  const scratch = await makeScratch();
  const server = await startFake();
  await scratch.key('id');
  return {
    transport: ssh,
    instance: instanceAt(`ssh://u@127.0.0.1:${server.port}`, {
      sshConfig: 'none',
      knownHosts: [await scratch.write('known', knownLine('127.0.0.1', server.port, server.hostKey))],
      identityFiles: [scratch.path('id')],
    }),
    endsSilentPrograms: true,
    async stop() {
      await server.stop();
      await scratch.remove();
    },
  };
}

async function theDaemon(): Promise<Harness> {
  const daemon = await startFakeDaemon();
  const instance = instanceAt(`docker://web?host=${encodeURIComponent(daemon.host)}`);
  return { transport: docker, instance, endsSilentPrograms: true, stop: () => daemon.stop() };
}

async function theEndpoint(): Promise<Harness> {
  const endpoint = await startSsmEndpoint({ nodes: { 'i-00000001': localNode() } });
  for (const [name, value] of Object.entries(endpoint.env)) vi.stubEnv(name, value);
  return {
    transport: ssm,
    instance: instanceAt('ssm://i-00000001?region=eu-west-1'),
    endsSilentPrograms: true,
    hearsRunning: false,
    stop: async () => endpoint[Symbol.asyncDispose](),
  };
}

async function realServer(sshClient: 'builtin' | 'openssh'): Promise<Harness> {
  const scratch = await makeScratch();
  const host = await scratch.key('host');
  await scratch.key('id');
  const server = await startSshd(scratch, ['host'], ['id']);
  return {
    transport: ssh,
    instance: instanceAt(`ssh://${server.user}@127.0.0.1:${server.port}`, {
      sshConfig: 'none',
      knownHosts: [await scratch.write('known', knownLine('127.0.0.1', server.port, host.public))],
      identityFiles: [scratch.path('id')],
      sshClient,
    }),
    // OpenSSH's ssh passes no signal on; the program ends when it next writes.
    opensWithinMs: 4000,
    endsSilentPrograms: sshClient === 'builtin' && userInfo().uid !== 0,
    async stop() {
      await server.stop();
      await scratch.remove();
    },
  };
}

for (const kinds of Object.values(harnesses)) {
  for (const [name, start] of Object.entries(kinds)) describeContract(name, start);
}

it('has a folder, a registry line and a contract for each transport', async () => {
  const entries = await readdir(new URL('../../src/transport/', import.meta.url), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(Object.keys(transports).sort()).toEqual(folders.sort());
  expect(Object.keys(harnesses).sort()).toEqual(folders);
  for (const [name, load] of Object.entries(transports)) expect((await load()).scheme).toBe(name);
});

it('says what is asked about', async () => {
  expect(ssh.scope(instanceAt('ssh://h'))).toEqual({ root: '/', mode: 'live' });
  expect(local.scope(instanceAt('local:'))).toEqual({ root: '/', mode: 'live' });
  const scratch = await makeScratch();
  const real = await realpath(scratch.path('.'));
  expect(rootfs.scope(instanceAt(`rootfs:${scratch.path('.')}`))).toEqual({ root: real, mode: 'offline' });
  await scratch.remove();
});
