import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { Limits } from '../../../src/core/ports.ts';
import { ssh } from '../../../src/transport/ssh/transport.ts';
import { calm, instanceAt, wide } from '../contract.ts';
import { type Behaviour, type FakeServer, startFake } from './fake-server.ts';
import { knownLine, makeScratch, type Scratch } from './scratch.ts';

vi.stubEnv('SSH_AUTH_SOCK', '');

let scratch: Scratch;
let fake: FakeServer | undefined;
beforeAll(async () => {
  scratch = await makeScratch();
  await scratch.key('id');
});
afterAll(() => scratch.remove());
afterEach(async () => {
  // Nothing of ours may be left behind, whatever the server did.
  await expect.poll(() => fake?.connections().open ?? 0, { timeout: 3000 }).toBe(0);
  await fake?.stop();
  fake = undefined;
});

const args = { root: '/', mode: 'live', since: 0 } as const;

async function open(port: number, limits: Partial<Limits> = {}, signal = calm) {
  const known = await scratch.write('known', fake ? knownLine('127.0.0.1', port, fake.hostKey) : '');
  const reach = { sshConfig: 'none', knownHosts: [known], identityFiles: [scratch.path('id')] };
  return ssh.open(instanceAt(`ssh://u@127.0.0.1:${port}`, reach), { ...wide, ...limits }, signal);
}

/** Runs a program on a server that behaves so; the session is closed after. */
async function run(behaviour: Behaviour, limits: Partial<Limits> = {}, signal = calm) {
  fake = await startFake(behaviour);
  const session = await open(fake.port, limits, signal);
  const answer = await session.run('echo', args);
  await session.close();
  return answer;
}

it('greets with lines before its version, as it may', async () => {
  expect(await run({ greeting: 'Welcome\r\nto \u001b[31mred' })).toMatchObject({ ended: 'exit', exitCode: 0 });
});

it('hangs in the login', async () => {
  fake = await startFake({ authenticate: () => {} });
  await expect(open(fake.port, { connectMs: 400 })).rejects.toMatchObject({
    reason: 'timeout',
    message: `127.0.0.1:${fake.port} did not finish the login within 400 ms`,
  });
});

it('is left in the middle of the login', async () => {
  const abort = new AbortController();
  fake = await startFake({ authenticate: () => abort.abort() });
  await expect(open(fake.port, {}, abort.signal)).rejects.toMatchObject({ reason: 'interrupted' });
});

it('lets us in and runs nothing', async () => {
  const answer = await run({ refuseExec: true });
  expect(answer).toMatchObject({ ended: 'cut', exitCode: null });
  expect(answer.stderr).toMatch(/^the server did not run the program: /);
});

it('lets us in and hangs', async () => {
  expect(await run({ exec: () => {} }, { idleMs: 300 })).toMatchObject({ ended: 'idle', exitCode: null });
});

it('hangs up in the middle of the output', async () => {
  const exec: Behaviour['exec'] = (channel, _command, connection) => channel.write('half of i', () => connection.end());
  expect(await run({ exec })).toEqual({ stdout: Buffer.from('half of i'), stderr: '', exitCode: null, ended: 'cut' });
});

it('hangs up after the exit status but before the end of the output', async () => {
  const exec: Behaviour['exec'] = (channel, _command, connection) => {
    channel.exit(0);
    channel.write('half of i', () => connection.end());
  };
  expect(await run({ exec })).toMatchObject({ ended: 'cut', exitCode: null });
});

it('is reset in the middle of the output', async () => {
  const exec: Behaviour['exec'] = (channel) =>
    channel.write('half', () => {
      for (const socket of fake?.sockets ?? []) socket.resetAndDestroy();
    });
  expect(await run({ exec })).toMatchObject({ ended: 'cut', exitCode: null });
});

it('ends the channel and tells no exit status', async () => {
  const exec: Behaviour['exec'] = (channel) => {
    channel.write('all');
    channel.end();
  };
  expect(await run({ exec })).toEqual({ stdout: Buffer.from('all'), stderr: '', exitCode: null, ended: 'cut' });
});

it('floods', async () => {
  const exec: Behaviour['exec'] = (channel) => {
    const chunk = Buffer.alloc(65_536, 'x');
    const pour = (): void => {
      if (channel.writable) channel.write(chunk, pour);
    };
    pour();
  };
  const answer = await run({ exec }, { maxBytes: 1_000_000 });
  expect([answer.ended, answer.stdout.length]).toEqual(['limit', 1_000_000]);
});

it('never reads the program', async () => {
  fake = await startFake({ exec: (channel) => channel.pause() });
  const session = await open(fake.port, { idleMs: 400 });
  const answer = await session.run(`${'# long\n'.repeat(2_000_000)}`, args);
  expect(answer.ended).toBe('idle');
  await session.close();
});

it('dies without a word: keepalives notice it before the idle limit does', async () => {
  const exec: Behaviour['exec'] = () => {
    for (const socket of fake?.sockets ?? []) socket.pause();
  };
  const started = performance.now();
  const answer = await run({ exec }, { idleMs: 15_000, totalMs: 20_000 });
  expect(answer).toMatchObject({ ended: 'cut', exitCode: null });
  expect(performance.now() - started).toBeLessThan(15_000);
  for (const socket of fake?.sockets ?? []) socket.resume();
});

it('is gone when the program is to run', async () => {
  fake = await startFake();
  const session = await open(fake.port);
  for (const socket of fake.sockets) socket.destroy();
  await expect.poll(() => fake?.connections().open).toBe(0);
  expect(await session.run('echo', args)).toMatchObject({ ended: 'cut', exitCode: null });
  await session.close();
});

it('gets the command and the program as they are', async () => {
  let seen = '';
  const exec: Behaviour['exec'] = (channel, command) => {
    seen = `${command}\n`;
    channel.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    channel.on('end', () => {
      channel.exit(0);
      channel.end();
    });
  };
  fake = await startFake({ exec });
  const session = await open(fake.port);
  await session.run('program é\n', { root: '/mnt', mode: 'offline', since: 5 });
  expect(seen).toBe("exec /bin/sh -s -- '/mnt' offline 5\nprogram é\n");
  await expect(session.run('x', { root: "/it's", mode: 'live', since: 0 })).rejects.toMatchObject({
    reason: 'unsupported',
  });
  await session.close();
});

it('leaves no timer and no socket behind', async () => {
  const resources = (): Record<string, number> => {
    const all = process.getActiveResourcesInfo();
    const count = (kind: string): number => all.filter((one) => one === kind).length;
    return { sockets: count('TCPSocketWrap'), timers: count('Timeout'), children: count('ProcessWrap') };
  };
  fake = await startFake();
  await sleep(50);
  const before = resources();
  for (const limits of [{}, { maxBytes: 1 }, { idleMs: 5 }]) {
    const session = await open(fake.port, limits);
    await session.run('echo long enough; sleep 0.1', args);
    await session.close();
  }
  // The servers' ends and their children go a moment later, and the test runner has a timer of its own at times.
  let now = resources();
  const grown = (): string[] => Object.keys(now).filter((kind) => (now[kind] ?? 0) > (before[kind] ?? 0));
  for (let tries = 0; tries < 20 && grown().length > 0; tries++) {
    await sleep(100);
    now = resources();
  }
  expect(grown()).toEqual([]);
});
