import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Limits } from '../../../src/core/ports.ts';
import { wide } from '../contract.ts';
import { type Behaviour, startFake } from './fake-server.ts';
import { flood, message, plainPacket, pourRaw, rekeyOften, sendRaw, text, uint32 } from './flood.ts';
import { knownLine, makeScratch, type Scratch } from './scratch.ts';

vi.stubEnv('SSH_AUTH_SOCK', '');

let scratch: Scratch;
beforeAll(async () => {
  scratch = await makeScratch();
  await scratch.key('id');
});
afterAll(() => scratch.remove());

/** No clock ends a flood: what is seen is ended by what it carries. */
const patient = { connectMs: 100_000, idleMs: 150_000, totalMs: 200_000 };
vi.setConfig({ testTimeout: 110_000 });

interface Visit {
  login?: true;
  ended?: string;
  stderr?: string;
  reason?: string;
  message?: string;
  seconds: number;
  grownMiB: number;
  blockedMs: number;
}

/** What a visit to the port comes to, and costs, in a process of its own. */
async function visit(port: number, hostKey: string, limits: Partial<Limits> = {}, reach = {}): Promise<Visit> {
  const known = await scratch.write('known', hostKey && knownLine('127.0.0.1', port, hostKey));
  const options = {
    port,
    known,
    identity: scratch.path('id'),
    limits: { ...wide, ...patient, ...limits },
    program: 'echo',
    reach,
  };
  const script = fileURLToPath(new URL('./visitor.ts', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', script, JSON.stringify(options)], {
    env: { ...process.env, SECRET_OF_TEST: 'secret', SSH_AUTH_SOCK: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect([code, out[0]]).toEqual([0, '{']);
  return JSON.parse(out) as Visit;
}

async function visitTo(behaviour: Behaviour, limits: Partial<Limits> = {}, reach = {}): Promise<Visit> {
  const server = await startFake(behaviour);
  try {
    return await visit(server.port, server.hostKey, limits, reach);
  } finally {
    await server.stop();
  }
}

const junk = Buffer.alloc(200, 7);
const one = Buffer.from([1]);
const ansi = '\u001b[2J\u001b]0;owned\u0007';
const opens = (type: string, ...more: Buffer[]) =>
  message(90, text(type), uint32(7), uint32(1 << 20), uint32(32_768), text('a'), uint32(1), ...more);

/** What a server may pour over us, by what RFC 4252 to 4254 and 8308 call it. */
const floods: Record<string, Buffer> = {
  IGNORE: message(2, text(junk)),
  DEBUG: message(4, one, text(ansi), text('')),
  EXT_INFO: message(7, uint32(1), text('server-sig-algs'), text('x'.repeat(1000))),
  USERAUTH_BANNER: message(53, text(ansi.repeat(1000)), text('')),
  'GLOBAL_REQUEST that wants an answer': message(80, text('keepalive@openssh.com'), one),
  'CHANNEL_OPEN towards us': opens('forwarded-tcpip', text('b'), uint32(2)),
  'CHANNEL_OPEN for X11': opens('x11'),
  'CHANNEL_REQUEST that wants an answer': message(98, uint32(0), text('keepalive@openssh.com'), one),
  'windows beyond 32 bits': message(93, uint32(0), uint32(0xffff_ffff)),
  'output of a kind that there is not': message(95, uint32(0), uint32(9), text(junk)),
  'output of another channel': message(94, uint32(99), text(junk)),
};

/** Most that the process of a visit may grow by, whatever the server does. MiB. */
const mostGrown = 160;

it.each(Object.entries(floods))('%s without end, before the login', async (_name, payload) => {
  const seen = await visitTo({ authenticate: (_context, connection) => flood(connection, () => payload) });
  expect(seen.reason).toBe('limit');
  expect(seen.message).toMatch(/^127\.0\.0\.1:\d+ sent more than 1024 KiB before it let us in$/);
  expect(seen.grownMiB).toBeLessThan(mostGrown);
});

it.each(Object.entries(floods))('%s without end, while the program runs', async (_name, payload) => {
  const seen = await visitTo({ exec: (_channel, _command, connection) => flood(connection, () => payload) });
  expect(seen).toMatchObject({ login: true, ended: 'flood', bytes: 0 });
  expect(seen.grownMiB).toBeLessThan(mostGrown);
});

it.each(Object.entries(floods).filter(([name]) => /_REQUEST|towards/.test(name)))(
  '%s without end, and what we answer is never read',
  async (_name, payload) => {
    const exec: Behaviour['exec'] = (_channel, _command, connection) => flood(connection, () => payload, true);
    const seen = await visitTo({ exec });
    expect(seen).toMatchObject({ login: true, ended: 'flood' });
    expect(seen.grownMiB).toBeLessThan(mostGrown);
  },
);

it('new keys again and again', async () => {
  const before = await visitTo({ authenticate: (_context, connection) => rekeyOften(connection) });
  expect(before.reason).toBe('limit');
  const after = await visitTo({ exec: (_channel, _command, connection) => rekeyOften(connection) });
  expect(after).toMatchObject({ login: true, ended: 'flood' });
  expect(Math.max(before.grownMiB, after.grownMiB)).toBeLessThan(mostGrown);
});

it.each([
  ['questions without end', message(60, text('x'), text(ansi), text(''), uint32(1), text(`${ansi}Password: `), one)],
  ['four billion questions', message(60, text(''), text(''), text(''), uint32(0xffff_ffff))],
])('a login that asks %s', async (_name, payload) => {
  const authenticate: Behaviour['authenticate'] = (context, connection) => {
    if (context.method === 'keyboard-interactive') flood(connection, () => payload);
    else context.reject(['keyboard-interactive']);
  };
  const seen = await visitTo({ authenticate }, {}, { password: 'env:SECRET_OF_TEST' });
  expect(['limit', 'auth']).toContain(seen.reason);
  expect(seen.message).not.toContain('\u001b');
  expect(seen.grownMiB).toBeLessThan(mostGrown);
});

it('hangs up with words of its own in the middle of the output', async () => {
  const exec: Behaviour['exec'] = (channel, _command, connection) => {
    channel.write('half of i');
    sendRaw(connection, message(1, uint32(11), text(ansi), text('')));
  };
  expect(await visitTo({ exec })).toMatchObject({ login: true, ended: 'cut', bytes: 9, stderr: '' });
});

const names = ['curve25519-sha256', 'ssh-ed25519', ...Array(2).fill('aes128-gcm@openssh.com')];
const more = [...Array(2).fill('hmac-sha2-256'), ...Array(2).fill('none'), '', ''];
const kexinit = message(
  20,
  Buffer.alloc(16),
  ...[...names, ...more].map((name) => text(name)),
  Buffer.from([0]),
  uint32(0),
);

it.each([
  ['KEXINIT', kexinit, 'unreachable'],
  ['IGNORE', message(2, text(junk)), 'limit'],
  ['DEBUG', message(4, one, text(ansi), text('')), 'limit'],
  ['a reply that nobody asked for', message(31, text(junk), text(junk), text(junk)), 'unreachable'],
  ['NEWKEYS', message(21), 'unreachable'],
])('%s without end before there is a key', async (_name, payload, reason) => {
  const many = Buffer.concat(Array.from({ length: 100 }, () => plainPacket(payload)));
  for (const first of [Buffer.alloc(0), plainPacket(kexinit)]) {
    const server = await pourRaw(Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), first]), many);
    const seen = await visit(server.port, '');
    await server.stop();
    expect(seen).toMatchObject({ reason });
    expect(seen.message).not.toContain('\u001b');
    expect(seen.grownMiB).toBeLessThan(mostGrown);
  }
});

it('a version line of a hundred megabytes', async () => {
  const server = await pourRaw(Buffer.from('SSH-2.0-'), Buffer.alloc(65_536, 'x'));
  const seen = await visit(server.port, '');
  await server.stop();
  expect(['limit', 'unreachable']).toContain(seen.reason);
  expect(seen.grownMiB).toBeLessThan(mostGrown);
});
