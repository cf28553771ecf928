import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ReachError } from '../../../src/core/errors.ts';
import type { Limits } from '../../../src/core/ports.ts';
import { endpointOf, parseDockerUri } from '../../../src/transport/docker/endpoint.ts';
import { Demultiplexer } from '../../../src/transport/docker/frames.ts';
import { seenFromOutside } from '../../../src/transport/docker/outside.ts';
import { docker } from '../../../src/transport/docker/transport.ts';
import { must } from '../../lab/exec.ts';
import { calm, instanceAt, wide } from '../contract.ts';
import { makeScratch } from '../ssh/scratch.ts';
import { CONTAINER, type FakeDaemon, type FakeOptions, frame, IMAGE, json, startFakeDaemon } from './fake-daemon.ts';

let daemon: FakeDaemon | undefined;
afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
  vi.unstubAllEnvs();
});

async function open(options: FakeOptions = {}, limits: Partial<Limits> = {}, name = 'web') {
  daemon = await startFakeDaemon(options);
  return docker.open(instanceAt(`docker://${name}?host=${daemon.host}`), { ...wide, ...limits }, calm);
}

async function ask(options: FakeOptions, limits: Partial<Limits> = {}) {
  const session = await open(options, limits);
  try {
    return await session.run('echo', { root: '/', mode: 'live', since: 0 });
  } finally {
    await session.close();
  }
}

/** A daemon that says something else than a description. */
const saying = (status: number, body: unknown): FakeOptions => ({
  answer(path, response) {
    if (!path.endsWith('/json')) return false;
    json(response, status, body);
    return true;
  },
});

const state = (more: Record<string, unknown>): FakeOptions => ({
  inspect: (said) => ({ ...said, State: { ...(said['State'] as object), ...more } }),
});

describe('an attached program', () => {
  it.each<[string, (socket: import('node:stream').Duplex) => void, string]>([
    [
      'whose stream is cut in a header',
      (s) => s.end(Buffer.concat([frame(1, 'abc'), frame(1, 'x').subarray(0, 5)])),
      'abc',
    ],
    ['whose stream is cut in a frame', (s) => s.end(frame(1, 'abcdef').subarray(0, 11)), 'abc'],
    ['whose stream holds no frames', (s) => void s.write('HTTP/1.1 400 Bad Request\r\n\r\n'), ''],
    ['whose frames are of no kind', (s) => void s.write(Buffer.concat([frame(1, 'abc'), frame(7, 'x')])), 'abc'],
    ['whose connection breaks', (s) => s.write(frame(1, 'abc'), () => s.destroy()), 'abc'],
  ])('%s is cut', async (_, attach, stdout) => {
    expect(await ask({ attach })).toMatchObject({ ended: 'cut', exitCode: null, stdout: Buffer.from(stdout) });
  });

  it('whose frame claims gigabytes is read as it comes, and no further than the limit', async () => {
    const header = Buffer.from([1, 0, 0, 0, 255, 255, 255, 255]);
    const attach: FakeOptions['attach'] = (socket) => {
      socket.write(header);
      const more = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
      };
      socket.on('drain', more);
      more();
    };
    const answer = await ask({ attach }, { maxBytes: 100_000 });
    expect([answer.ended, answer.stdout.length]).toEqual(['limit', 100_000]);
  });

  it('is taken apart the same, wherever the stream is cut into pieces', () => {
    const piece = fc.record({ kind: fc.constantFrom(1, 2), content: fc.uint8Array({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 30 })), (pieces, cuts) => {
        const stream = Buffer.concat(pieces.map(({ kind, content }) => frame(kind, Buffer.from(content))));
        const got: Record<number, Buffer[]> = { 1: [], 2: [] };
        const frames = new Demultiplexer(
          (c) => got[1]?.push(Buffer.from(c)),
          (c) => got[2]?.push(Buffer.from(c)),
        );
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          expect(frames.write(stream.subarray(at, at + cut))).toBe(true);
          at += cut;
        }
        frames.write(stream.subarray(at));
        for (const kind of [1, 2]) {
          const sent = Buffer.concat(pieces.filter((p) => p.kind === kind).map((p) => Buffer.from(p.content)));
          expect(Buffer.concat(got[kind] ?? []).equals(sent)).toBe(true);
        }
        expect(frames.whole).toBe(true);
      }),
    );
  });

  it('that the daemon does not begin is refused with what it says', async () => {
    const answer: FakeOptions['answer'] = (path, response) => {
      if (!path.endsWith('/exec')) return false;
      json(response, 409, { message: 'Container c is paused, \u001b[31munpause\u001b[0m it' });
      return true;
    };
    const refused = await ask({ answer }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ reason: 'unreachable', message: expect.stringContaining('is paused') });
    expect(String(refused)).not.toContain('\u001b');
  });
});

describe('a daemon', () => {
  it.each<[string, FakeOptions, string, string]>([
    ['that fails', saying(500, { message: 'disk on fire' }), 'unreachable', 'disk on fire'],
    [
      'that knows several',
      saying(400, { message: 'multiple IDs found with provided prefix: web' }),
      'unreachable',
      'multiple IDs found',
    ],
    ['behind a proxy that says no', saying(403, 'go away'), 'auth', 'go away'],
    ['that answers with another JSON', saying(200, [1, 2]), 'garbled', 'not understood'],
    ['whose container is paused', state({ Paused: true, Status: 'paused' }), 'unreachable', 'is paused'],
    [
      'whose container has stopped',
      state({ Running: false, Status: 'exited' }),
      'unreachable',
      'does not run (exited)',
    ],
    [
      'whose container starts again and again',
      state({ Restarting: true, Status: 'restarting' }),
      'unreachable',
      'restarting',
    ],
    ['of Windows', { inspect: (said) => ({ ...said, Platform: 'windows' }) }, 'unsupported', 'not of Linux'],
    [
      'that is none',
      { answer: (path, response) => path === '/_ping' && Boolean(response.end('hello')) },
      'garbled',
      'no Docker daemon',
    ],
    [
      'that is very old',
      { answer: (path, response) => path === '/_ping' && Boolean(response.setHeader('Api-Version', '1.12').end()) },
      'unsupported',
      'too old',
    ],
    [
      'that answers with no JSON',
      { answer: (path, response) => path.endsWith('/json') && Boolean(response.end('<html>')) },
      'garbled',
      'no JSON',
    ],
    [
      'whose answer never ends',
      {
        answer(path, response) {
          if (!path.endsWith('/json')) return false;
          const more = () => {
            while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
          };
          response.on('drain', more);
          more();
          return true;
        },
      },
      'limit',
      'more than',
    ],
    [
      'that hangs up',
      { answer: (path, response) => path.endsWith('/json') && Boolean(response.destroy()) },
      'cut',
      'failed',
    ],
  ])('%s is told in words', async (_, options, reason, words) => {
    await expect(open(options)).rejects.toMatchObject({ reason, message: expect.stringContaining(words) });
  });

  it('that never answers is given up after the connect limit', async () => {
    await expect(open({ answer: () => true }, { connectMs: 200 })).rejects.toMatchObject({ reason: 'timeout' });
  });

  it('that does not listen, or is not for us, is told in words', async () => {
    const scratch = await makeScratch();
    await expect(
      docker.open(instanceAt(`docker://web?host=unix://${scratch.path('none.sock')}`), wide, calm),
    ).rejects.toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('no Docker daemon listens'),
    });
    await scratch.remove();
  });

  it('with a certificate of a strange authority is not trusted; with ours it is', async () => {
    const scratch = await makeScratch();
    const [key, cert] = [scratch.path('key.pem'), scratch.path('ca.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    await must('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject]);
    const { readFileSync } = await import('node:fs');
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      response.setHeader('Api-Version', '1.41');
      if (request.url === '/_ping') response.end('OK');
      else json(response, 404, { message: 'No such container: web' });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('DOCKER_TLS_VERIFY', '1');
    const uri = `docker://web?host=tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    vi.stubEnv('DOCKER_CERT_PATH', scratch.path('nothing-here'));
    await expect(docker.open(instanceAt(uri), wide, calm)).rejects.toMatchObject({ reason: 'host-key' });
    await mkdir(scratch.path('certs'));
    await writeFile(scratch.path('certs/ca.pem'), readFileSync(cert));
    vi.stubEnv('DOCKER_CERT_PATH', scratch.path('certs'));
    await expect(docker.open(instanceAt(uri), wide, calm)).rejects.toMatchObject({
      message: expect.stringContaining('No such container'),
    });
    server.closeAllConnections();
    server.close();
    await scratch.remove();
  });
});

describe('a container', () => {
  it('says what was attached when it was made, and which image it is of', async () => {
    const session = await open({
      inspect: (said) => ({
        ...said,
        HostConfig: {
          Init: true,
          Tmpfs: { '/scratch': '' },
          ExtraHosts: ['a.example.org:10.0.0.5', 'g:host-gateway', 'v6:[::1]'],
        },
        Mounts: [
          { Type: 'volume', Destination: '/data/' },
          { Type: 'bind', Destination: '/sch\u00f6n' },
          { Destination: '/' },
          'odd',
        ],
      }),
    });
    const mounts = session.container?.mounts.map(
      ({ path, kind, type }) => `${kind} ${type} ${Buffer.from(path, 'latin1')}`,
    );
    expect(mounts).toEqual([
      ...['file docker /etc/hostname', 'file docker /etc/hosts', 'file docker /etc/resolv.conf'],
      ...['program docker-init /sbin/docker-init', 'program docker-init /usr/sbin/docker-init'],
      ...['data tmpfs /scratch', 'data volume /data', 'data bind /sch\u00f6n'],
    ]);
    expect([session.container?.id, session.archive]).toEqual([CONTAINER, undefined]);
    expect(session.container?.hosts).toEqual([
      { address: '', names: ['cccccccccccc', 'cccccccccccc'] },
      { address: '10.0.0.5', names: ['a.example.org'] },
      { address: '', names: ['g'] },
      { address: '::1', names: ['v6'] },
    ]);
    await session.close();
    const image = await docker.image?.(instanceAt(`docker://web?host=${daemon?.host}`), wide, calm);
    expect(image).toMatchObject({ digest: IMAGE, names: [] });
  });

  it.each<[string, FakeOptions]>([
    ['without a shell', { noShell: true }],
    ['whose root may not read everything', { inspect: (said) => ({ ...said, HostConfig: { CapDrop: ['ALL'] } }) }],
  ])('%s is read by its daemon, and what that cannot show is a gap', async (_, options) => {
    const session = await open({
      ...options,
      answer(path, response) {
        if (path.endsWith('/export')) response.end(Buffer.alloc(1024));
        else if (path.includes('/top?')) json(response, 200, { Processes: [['1', 'app']] });
        else return false;
        return true;
      },
    });
    const read = await session.archive?.();
    expect(read?.gaps.map(({ probe, reason }) => `${probe} ${reason}`)).toEqual([
      'processes unsupported',
      'sockets unsupported',
    ]);
    expect(read?.gaps[0]?.detail).toContain('lists 1');
    const chunks: Buffer[] = [];
    for await (const chunk of read?.tar ?? []) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(Buffer.alloc(1024));
    await session.close();
  });

  it('whose export falls silent is given up after the idle limit', async () => {
    const session = await open(
      { noShell: true, answer: (path, response) => path.endsWith('/export') && response.write('x') },
      { idleMs: 200 },
    );
    const reading = async () => {
      for await (const _ of (await session.archive?.())?.tar ?? []);
    };
    await expect(reading()).rejects.toMatchObject({ reason: 'timeout' });
    await session.close();
  });
});

describe('what the kernel shows of a container from outside', () => {
  it('is shown only if the container is on this machine', async () => {
    const child = spawn('sleep', ['100']);
    const pid = child.pid as number;
    const scratch = await makeScratch();
    const proc = scratch.path('proc');
    // A process table with one process, whose control group names the container.
    await mkdir(join(proc, String(pid)), { recursive: true });
    for (const file of ['stat', 'cmdline', 'status', 'exe', 'root', 'ns', 'net', 'fd']) {
      await symlink(`/proc/${pid}/${file}`, join(proc, String(pid), file)).catch(() => {});
    }
    await symlink('/proc/self', join(proc, 'self'));
    await symlink('/proc/stat', join(proc, 'stat'));
    await writeFile(join(proc, String(pid), 'cgroup'), `0::/docker/${CONTAINER}\n`);
    expect(await seenFromOutside({ id: 'f'.repeat(64), pid }, calm, proc)).toBeUndefined();
    expect(await seenFromOutside({ id: CONTAINER, pid: 0 }, calm, proc)).toBeUndefined();
    const { Draft } = await import('../../../src/core/draft.ts');
    const { applyOutside } = await import('../../../src/collect/container.ts');
    await import('node:fs/promises').then(({ rm }) => rm(join(proc, String(pid), 'exe')));
    await symlink(readlinkSync(`/proc/${pid}/exe`), join(proc, String(pid), 'exe'));
    const seen = await seenFromOutside({ id: CONTAINER, pid }, calm, proc);
    if (!seen) throw new Error('nothing was seen');
    const draft = new Draft('/');
    draft.os.uid = 0;
    draft.cut('processes', 'permission', 'hidden');
    applyOutside(draft, seen);
    child.kill();
    await scratch.remove();
    expect(draft.gaps).toEqual([]);
    expect(draft.processes).toMatchObject([{ pid, argv: ['sleep', '100'], deleted: false, ownMounts: true }]);
    expect(draft.processes?.[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(draft.processes?.[0]?.startedAt).toBeGreaterThan(1_000_000_000);
  });
});

describe('an address', () => {
  it.each([
    'docker://',
    'docker://-x',
    'docker://a/b',
    'docker://web?hots=x',
    'docker://web?host=ftp://x',
    'docker://web?host=ssh://x',
    'docker://web?host=tcp://a b',
  ])('%s is refused', (uri) => {
    expect(() => parseDockerUri(uri, {})).toThrow(ReachError);
  });

  it('is the environment\u2019s, or its own', () => {
    expect(parseDockerUri('docker://web-1', {}).endpoint.socketPath).toBe('/var/run/docker.sock');
    expect(endpointOf(undefined, { DOCKER_HOST: 'tcp://10.0.0.5' }).origin).toBe('http://10.0.0.5:2375');
    expect(endpointOf(undefined, { DOCKER_HOST: 'tcp://10.0.0.5', DOCKER_TLS_VERIFY: '1' }).origin).toBe(
      'https://10.0.0.5:2376',
    );
    expect(endpointOf('tcp://[::1]:99', { DOCKER_HOST: 'x' }).origin).toBe('http://[::1]:99');
  });
});
