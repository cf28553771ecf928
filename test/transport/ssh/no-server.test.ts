import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { Limits } from '../../../src/core/ports.ts';
import { ssh } from '../../../src/transport/ssh/transport.ts';
import { calm, instanceAt, wide } from '../contract.ts';
import { makeScratch, type Scratch } from './scratch.ts';

vi.stubEnv('SSH_AUTH_SOCK', '');

let scratch: Scratch;
let plain: Server | undefined;
const plainSockets = new Set<Socket>();
beforeAll(async () => {
  scratch = await makeScratch();
  await scratch.key('id');
  await scratch.write('known', '');
});
afterAll(() => scratch.remove());
afterEach(async () => {
  // Nothing of ours may be left behind, whatever the server did.
  await expect.poll(() => plainSockets.size, { timeout: 3000 }).toBe(0);
  plain?.close();
  plain = undefined;
});

async function open(port: number, limits: Partial<Limits> = {}, host = '127.0.0.1') {
  const reach = { sshConfig: 'none', knownHosts: [scratch.path('known')], identityFiles: [scratch.path('id')] };
  return ssh.open(instanceAt(`ssh://u@${host}:${port}`, reach), { ...wide, ...limits }, calm);
}

/** A TCP server that is no SSH server. */
async function tcp(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    plainSockets.add(socket.on('error', () => {}).once('close', () => plainSockets.delete(socket)));
    serve(socket);
    // A socket that nobody reads from does not learn of its end.
    socket.resume();
  });
  plain = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

it('no server at all', async () => {
  const port = await tcp(() => {});
  plain?.close();
  await expect(open(port)).rejects.toMatchObject({
    reason: 'unreachable',
    message: `cannot connect to 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port} (tried 3 times)`,
    hint: 'is sshd running there, and on this port?',
  });
});

it('a name that nobody has', async () => {
  await expect(open(22, {}, 'no-such-host.invalid')).rejects.toMatchObject({
    reason: 'unreachable',
    message: expect.stringMatching(/^cannot connect to no-such-host\.invalid:22: getaddrinfo E/),
  });
});

it('an address that swallows packets, or has no route', async () => {
  const started = performance.now();
  await expect(open(22, { connectMs: 300 }, '192.0.2.1')).rejects.toMatchObject({ reason: 'unreachable' });
  expect(performance.now() - started).toBeLessThan(2000);
});

it('accepts and says nothing', async () => {
  const port = await tcp(() => {});
  await expect(open(port, { connectMs: 300 })).rejects.toMatchObject({
    reason: 'timeout',
    message: `127.0.0.1:${port} did not finish the SSH handshake within 300 ms`,
  });
});

it('drip-feeds its greeting for ever', async () => {
  const port = await tcp((socket) => {
    const drip = setInterval(() => socket.write('x'), 20);
    socket.once('close', () => clearInterval(drip));
  });
  await expect(open(port, { connectMs: 400 })).rejects.toMatchObject({ reason: 'timeout' });
});

it('accepts and hangs up', async () => {
  const port = await tcp((socket) => socket.destroy());
  await expect(open(port)).rejects.toMatchObject({
    reason: 'unreachable',
    message: expect.stringContaining('is not an SSH server that answers'),
    hint: expect.stringContaining('MaxStartups'),
  });
});

it.each([
  ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['another version', 'SSH-1.5-old\r\n'],
  ['noise', 'SSH-2.0-x\r\n\0\0\0\u0010\u0001\u001b[2J\u0007'.repeat(50)],
  ['a line without end', 'x'.repeat(100_000)],
  ['lines without end', 'spam\r\n'.repeat(100_000)],
])('speaks %s', async (_what, text) => {
  const port = await tcp((socket) => socket.end(text, 'latin1'));
  const error: unknown = await open(port, { connectMs: 2000 }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'ReachError', reason: 'unreachable' });
  expect(String(error)).toMatch(/the SSH handshake with .* failed: [^\p{Cc}]*$/u);
});
