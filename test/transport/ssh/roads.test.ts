import { readFile, stat } from 'node:fs/promises';
import { type AddressInfo, createServer, connect as tcpConnect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Reach } from '../../../src/core/ports.ts';
import { pinKey } from '../../../src/transport/ssh/pins.ts';
import { ssh } from '../../../src/transport/ssh/transport.ts';
import { calm, instanceAt, wide } from '../contract.ts';
import { type FakeServer, startFake } from './fake-server.ts';
import { knownLine, makeScratch, type Scratch } from './scratch.ts';

vi.stubEnv('SSH_AUTH_SOCK', '');

let scratch: Scratch;
let target: FakeServer;
beforeAll(async () => {
  scratch = await makeScratch();
  vi.stubEnv('XDG_STATE_HOME', scratch.path('state'));
  await scratch.key('id');
  target = await startFake();
});
afterAll(async () => {
  await target.stop();
  await scratch.remove();
});

async function reachBy(hops: FakeServer[], more: Reach = {}): Promise<Reach> {
  const known = [target, ...hops].map((server) => knownLine('127.0.0.1', server.port, server.hostKey)).join('');
  return {
    sshConfig: 'none',
    knownHosts: [await scratch.write('known', known)],
    identityFiles: [scratch.path('id')],
    ...(hops.length > 0 ? { proxyJump: hops.map(({ port }) => `j@127.0.0.1:${port}`).join(',') } : {}),
    ...more,
  };
}

const open = (reach: Reach, port = target.port) => ssh.open(instanceAt(`ssh://u@127.0.0.1:${port}`, reach), wide, calm);

describe('a jump host', () => {
  it('is logged in to once for as many as one connection carries, and let go afterwards', async () => {
    const jump = await startFake({ forwards: true });
    const reach = await reachBy([jump]);
    const sessions = await Promise.all(Array.from({ length: 60 }, () => open(reach)));
    expect(jump.connections()).toEqual({ all: 2, open: 2 });
    const scope = { root: '/', mode: 'live', since: 0 } as const;
    const answers = await Promise.all(
      sessions.map((session, i) => session.run(`echo ${i}; head -c 100000 /dev/zero`, scope)),
    );
    expect(answers.map(({ stdout }) => Number.parseInt(stdout.toString(), 10))).toEqual(sessions.map((_, i) => i));
    expect(answers.every(({ stdout, ended }) => stdout.length > 100_000 && ended === 'exit')).toBe(true);
    expect(sessions[0]?.arrival?.road).toEqual([`j@127.0.0.1:${jump.port}`, `u@127.0.0.1:${target.port}`]);
    await Promise.all(sessions.map((session) => session.close()));
    // One that comes soon finds it still there.
    await (await open(reach)).close();
    expect(jump.connections().all).toBe(2);
    await expect.poll(() => jump.connections().open, { timeout: 5000 }).toBe(0);
    await expect.poll(() => target.connections().open).toBe(0);
    await jump.stop();
  });

  it('may stand behind others', async () => {
    const hops = [await startFake({ forwards: true }), await startFake({ forwards: true })];
    const session = await open(await reachBy(hops));
    expect((await session.run('echo in', { root: '/', mode: 'live', since: 0 })).stdout.toString()).toBe('in\n');
    await session.close();
    expect(hops.map((hop) => hop.connections().all)).toEqual([1, 1]);
    await Promise.all(hops.map((hop) => hop.stop()));
  });

  it('that refuses a login is asked once, however many are behind it', async () => {
    let offers = 0;
    const jump = await startFake({
      forwards: true,
      authenticate: (context) => {
        if (context.method === 'publickey') offers++;
        context.reject(['publickey']);
      },
    });
    const reach = await reachBy([jump], { password: 'env:PASSWORD_OF_TEST' });
    vi.stubEnv('PASSWORD_OF_TEST', 'for the instance alone');
    const errors = await Promise.all(Array.from({ length: 10 }, () => open(reach).catch((error: unknown) => error)));
    for (const error of errors) {
      expect(error).toMatchObject({
        reason: 'auth',
        message: expect.stringMatching(
          /^the road to 127\.0\.0\.1:\d+ ends at the jump host j@127\.0\.0\.1:\d+: .* does not let j in/,
        ),
      });
      expect((error as Error).message).not.toMatch(/password/);
    }
    expect([offers, jump.connections().all]).toEqual([1, 1]);
    await jump.stop();
  });

  it('that is cut cuts those behind it, and the next one calls again', async () => {
    const jump = await startFake({ forwards: true });
    const reach = await reachBy([jump]);
    const session = await open(reach);
    const running = session.run('echo begun; exec sleep 60', { root: '/', mode: 'live', since: 0 }, () => {
      for (const socket of jump.sockets) socket.destroy();
    });
    expect(await running).toMatchObject({ ended: 'cut', exitCode: null });
    await session.close();
    await (await open(reach)).close();
    expect(jump.connections().all).toBe(2);
    await jump.stop();
  });

  it('whose key is not known is told nothing', async () => {
    let asked = 0;
    const jump = await startFake({
      authenticate: (context) => {
        asked++;
        context.accept();
      },
    });
    const reach = await reachBy([jump]);
    const partial = await scratch.write('partial', knownLine('127.0.0.1', target.port, target.hostKey));
    await expect(open({ ...reach, knownHosts: [partial] })).rejects.toMatchObject({ reason: 'host-key' });
    expect(asked).toBe(0);
    await jump.stop();
  });
});

describe('a busy server', () => {
  /** Hangs up on the first callers, as sshd does at MaxStartups, and leads the others on. */
  async function busy(drops: number) {
    let calls = 0;
    const server = createServer((socket) => {
      socket.on('error', () => {});
      if (++calls <= drops) return socket.destroy();
      const on = tcpConnect(target.port, '127.0.0.1').on('error', () => socket.destroy());
      return socket.pipe(on).pipe(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const known = await scratch.write('busy', knownLine('127.0.0.1', port, target.hostKey));
    return { port, known, calls: () => calls, stop: () => server.close() };
  }

  it('is called again, as often as is allowed', async () => {
    const server = await busy(2);
    const reach = { ...(await reachBy([])), knownHosts: [server.known] };
    await (await open(reach, server.port)).close();
    expect(server.calls()).toBe(3);
    server.stop();
    const never = await busy(100);
    const way = { ...reach, knownHosts: [never.known] };
    await expect(open(way, never.port)).rejects.toMatchObject({ message: expect.stringContaining('(tried 3 times)') });
    expect(never.calls()).toBe(3);
    await expect(open({ ...way, retries: 0 }, never.port)).rejects.toMatchObject({
      message: expect.not.stringContaining('tried'),
    });
    expect(never.calls()).toBe(4);
    never.stop();
  });

  it('is not called again after it said no', async () => {
    const stern = await startFake({ authenticate: (context) => context.reject(['publickey']) });
    const known = await scratch.write('stern', knownLine('127.0.0.1', stern.port, stern.hostKey));
    const reach = { ...(await reachBy([])), knownHosts: [known] };
    await expect(open(reach, stern.port)).rejects.toMatchObject({ reason: 'auth' });
    expect(stern.connections().all).toBe(1);
    await expect(open({ ...reach, knownHosts: [await scratch.write('none', '')] }, stern.port)).rejects.toMatchObject({
      reason: 'host-key',
    });
    expect(stern.connections().all).toBe(2);
    await stern.stop();
  });
});

describe('a key pinned at first use', () => {
  it('goes to a file of ours where none is named, once for many at a time', async () => {
    const { knownHosts: _named, ...reach } = await reachBy([]);
    const sessions = await Promise.all(
      Array.from({ length: 8 }, () => open({ ...reach, hostKeyPolicy: 'accept-new' })),
    );
    expect(sessions[0]?.arrival?.hostKey).toContain('state/snowfence/known_hosts');
    await Promise.all(sessions.map((session) => session.close()));
    const file = scratch.path('state/snowfence/known_hosts');
    expect(await readFile(file, 'utf8')).toBe(knownLine('127.0.0.1', target.port, target.hostKey));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    // From then on it is known, without being asked for.
    await (await open(reach)).close();
  });

  it('keeps what stands in the file, and refuses another key for the same name', async () => {
    const [a, b] = [await scratch.key('a'), await scratch.key('b')];
    const wire = (line: string) => Buffer.from(line.split(' ')[1] ?? '', 'base64');
    const file = await scratch.write('pins', '# no newline at the end', 0o644);
    const names = Array.from({ length: 20 }, (_, i) => `h${i}`);
    await Promise.all(names.map((name) => pinKey(file, name, wire(a.public))));
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines[0]).toBe('# no newline at the end');
    expect(
      lines
        .slice(1)
        .map((line) => line.split(' ')[0])
        .sort(),
    ).toEqual([...names].sort());
    expect(await pinKey(file, 'h3', wire(a.public))).toBeUndefined();
    expect(await pinKey(file, 'h3', wire(b.public))).toMatchObject({ kind: 'changed' });
    await expect(pinKey(scratch.path('id/x/y'), 'h', wire(a.public))).rejects.toMatchObject({ reason: 'host-key' });
  });

  it('is not accepted when it cannot be written down', async () => {
    const reach = await reachBy([], { hostKeyPolicy: 'accept-new', knownHosts: [scratch.path('id/x/y')] });
    await expect(open(reach)).rejects.toMatchObject({
      reason: 'host-key',
      message: expect.stringContaining(scratch.path('id/x/y')),
    });
  });
});

describe('keys of the inventory', () => {
  it.each([['nonsense'], ['ssh-ed25519 AAAA'], ['ssh-rsa SHA256:short']])('%s is refused', async (key) => {
    await expect(open(await reachBy([], { hostKeys: [key] }))).rejects.toMatchObject({ reason: 'unsupported' });
  });

  it('outrank known hosts, but not a revocation', async () => {
    const stranger = await scratch.key('stranger');
    const reach = await reachBy([], { hostKeys: [stranger.public] });
    await expect(open(reach)).rejects.toMatchObject({
      reason: 'host-key',
      message: expect.stringContaining('the inventory gives'),
    });
    const revoked = await scratch.write('revoked', `@revoked * ${target.hostKey}\n`);
    const given = { ...reach, hostKeys: [target.hostKey], knownHosts: [revoked] };
    await expect(open(given)).rejects.toMatchObject({ message: expect.stringContaining('is revoked') });
  });
});

describe('what the built-in client cannot use', () => {
  const type = 'sk-ssh-ed25519@openssh.com';

  it('is named in the story of a login, with the client that can', async () => {
    const stern = await startFake({ authenticate: (context) => context.reject(['publickey']) });
    const known = await scratch.write('stern2', knownLine('127.0.0.1', stern.port, stern.hostKey));
    const fido = await scratch.write('fido', fidoKey(type));
    const reach = { ...(await reachBy([])), knownHosts: [known], identityFiles: [fido] };
    await expect(open(reach, stern.port)).rejects.toMatchObject({
      reason: 'auth',
      message: expect.stringContaining(`${fido}: a FIDO key, which the built-in client cannot use`),
      hint: expect.stringContaining('--ssh-client openssh'),
    });
    // Distributions switch GSSAPI on for everybody: that is no reason to send anybody elsewhere.
    const sshConfig = await scratch.write('gssapi', 'GSSAPIAuthentication yes\nPKCS11Provider none\n');
    const own = { ...reach, sshConfig, identityFiles: [scratch.path('id')] };
    await expect(open(own, stern.port)).rejects.toMatchObject({ hint: expect.not.stringContaining('openssh') });
    const certified = await scratch.write('certified', 'CertificateFile /some-cert.pub\n');
    await expect(open({ ...own, sshConfig: certified }, stern.port)).rejects.toMatchObject({
      message: expect.stringContaining('the certificate /some-cert.pub, which the built-in client cannot use'),
      hint: expect.stringContaining('--ssh-client openssh'),
    });
    await stern.stop();
  });
});

/** A private key file of a FIDO key, as ssh-keygen writes it (PROTOCOL.key, PROTOCOL.u2f). */
function fidoKey(type: string): string {
  const string = (value: string | Buffer): Buffer => {
    const bytes = Buffer.from(value as string);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const key = Buffer.alloc(32, 7);
  const half = Buffer.concat([string(type), string(key), string('ssh:')]);
  const whole = Buffer.concat([Buffer.alloc(8, 1), half, Buffer.from([1]), string(key), string(''), string('fido')]);
  const padding = Buffer.from(Array.from({ length: (8 - (whole.length % 8)) % 8 }, (_, i) => i + 1));
  const body = [
    Buffer.from('openssh-key-v1\0'),
    ...[string('none'), string('none'), string(''), Buffer.from([0, 0, 0, 1]), string(half)],
    string(Buffer.concat([whole, padding])),
  ];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.concat(body).toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
