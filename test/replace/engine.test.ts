import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Driver, Settings, Target } from '../../src/core/replacement.ts';
import { ReplaceError } from '../../src/core/replacement.ts';
import { docker } from '../../src/replace/docker/driver.ts';
import { swarm } from '../../src/replace/swarm/driver.ts';
import { permitOf } from './make.ts';

/** `METHOD path`, without version, and the body. */
type Answer = (line: string, body: string, answer: ServerResponse) => void;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Something at a socket that a driver takes for a daemon; its address. */
async function daemon(answer: Answer, version = '1.41'): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'snowfence-engine-'));
  const server = createServer(async (asked, said) => {
    let body = '';
    for await (const chunk of asked) body += String(chunk);
    said.setHeader('api-version', version);
    const line = `${asked.method} ${asked.url?.replace(/^\/v[0-9.]+/, '')}`;
    if (line === 'GET /_ping') said.end('OK');
    else answer(line, body, said);
  });
  await new Promise<void>((resolve) => server.listen(join(dir, 's'), resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(dir, { recursive: true });
  });
  return `unix://${join(dir, 's')}`;
}

const id = 'a'.repeat(64);
const target = (rest: Partial<Target> = {}) =>
  permitOf({ instance: 'web', uri: 'docker://web', identity: id, ...rest });

async function start(driver: Driver, host: string, settings: Settings = {}, signal = new AbortController().signal) {
  const context = { signal, env: { DOCKER_HOST: host }, secret: () => Promise.reject(new Error('none')) };
  const session = await driver.open({ settleSeconds: 0, ...settings }, context);
  try {
    return await session.start(target());
  } finally {
    await session.close();
  }
}

describe('a daemon that', () => {
  it.each([
    ['is none', '', 404, '', { transient: false, message: expect.stringContaining('is no Docker daemon') }],
    ['is too old', '1.12', 404, '', { transient: false, message: expect.stringContaining('too old (API 1.12)') }],
    ['is busy', '1.41', 429, 'slow down', { transient: true, message: expect.stringContaining('slow down') }],
    [
      'has trouble',
      '1.41',
      500,
      '{"message":"disk \\u001b[2J"}',
      { transient: true, message: expect.not.stringContaining('\u001b') },
    ],
    [
      'refuses',
      '1.41',
      403,
      '{"message":"not you"}',
      { transient: false, message: expect.stringContaining('not you') },
    ],
    ['talks nonsense', '1.41', 200, '<html>', { transient: false, message: expect.stringContaining('no JSON') }],
  ])('%s is told for what it is', async (_, version, status, body, error) => {
    const host = await daemon((_line, _body, answer) => answer.writeHead(status).end(body), version);
    for (const driver of [docker, swarm]) {
      const thrown = await start(driver, host).catch((e: unknown) => e);
      expect(thrown).toBeInstanceOf(ReplaceError);
      expect(thrown).toMatchObject(error);
    }
  });

  it('breaks off is worth another try, and one that is not there too', async () => {
    const host = await daemon((_line, _body, answer) => answer.destroy());
    for (const driver of [docker, swarm]) {
      await expect(start(driver, host)).rejects.toMatchObject({ name: 'ReplaceError', transient: true });
      await expect(start(driver, 'unix:///nowhere')).rejects.toMatchObject({ name: 'ReplaceError', transient: true });
    }
  });

  it('never answers is left when a person interrupts', async () => {
    const stop = new AbortController();
    const host = await daemon(() => stop.abort());
    await expect(start(docker, host, {}, stop.signal)).rejects.toMatchObject({
      message: expect.stringContaining('interrupted'),
    });
  });

  it('manages no swarm is told at once', async () => {
    const said = '{"message":"This node is not a swarm manager. Use \\"docker swarm init\\""}';
    const host = await daemon((_line, _body, answer) => answer.writeHead(503).end(said));
    await expect(start(swarm, host)).rejects.toMatchObject({
      transient: false,
      hint: expect.stringContaining('a manager'),
    });
  });

  it('answers anything makes nothing but a ReplaceError', async () => {
    let seed: unknown;
    const host = await daemon((_line, _body, answer) => answer.end(JSON.stringify(seed) ?? ''));
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.record({
        Id: fc.constant(id),
        Name: fc.string(),
        Config: fc.jsonValue(),
        HostConfig: fc.jsonValue(),
        State: fc.jsonValue(),
        Image: fc.string(),
      }),
      fc.array(
        fc.record({
          ID: fc.string(),
          ServiceID: fc.string(),
          Spec: fc.jsonValue(),
          Status: fc.constant({ ContainerStatus: { ContainerID: id } }),
        }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(odd, async (value) => {
        seed = value;
        for (const driver of [docker, swarm]) {
          const context = {
            signal: new AbortController().signal,
            env: { DOCKER_HOST: host },
            secret: () => Promise.reject(new Error('none')),
          };
          const session = await driver.open({ settleSeconds: 0, healthSeconds: 0 }, context);
          const permit = target();
          for (const act of [
            () => session.start(permit),
            () => session.poll('{"service":"s","name":"n"}', permit),
            () => session.poll('odd', permit),
          ])
            await act().catch((error: unknown) => expect(error).toBeInstanceOf(ReplaceError));
          await session.close();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('cannot pull says so by what the registry said', async () => {
    const asked: string[] = [];
    const host = await daemon((line, _body, answer) => {
      asked.push(line);
      if (line.startsWith('GET /containers/json')) answer.end('[]');
      else if (line.startsWith('GET /containers/'))
        answer.end(
          JSON.stringify({
            Id: id,
            Name: '/web',
            Image: `sha256:${id}`,
            Config: { Image: 'app:1' },
            State: { Running: true },
          }),
        );
      else if (line.startsWith('GET /images/'))
        answer.end(JSON.stringify({ Id: `sha256:${id}`, RepoTags: ['app:1'], Config: {} }));
      else answer.end('{"status":"Pulling"}\r\n{"errorDetail":{"message":"x"},"error":"no access to web"}\r\n');
    });
    await expect(start(docker, host, { pull: true })).rejects.toThrow(/web:42 cannot be pulled: no access to web/);
    expect(asked.filter((line) => !line.startsWith('GET'))).toEqual(['POST /images/create?fromImage=web%3A42']);
  });

  it('was updated by somebody else meanwhile is asked again, with the newer version', async () => {
    const updates: string[] = [];
    let version = 7;
    const host = await daemon((line, body, answer) => {
      const service = {
        ...{ ID: 's1', Version: { Index: version } },
        Spec: {
          Name: 'web',
          Labels: { own: '1' },
          TaskTemplate: { ForceUpdate: 3, ContainerSpec: { Image: 'web:42' } },
        },
      };
      const task = { ID: 't1', ServiceID: 's1', Slot: 1, DesiredState: 'running', Spec: { ForceUpdate: 3 } };
      const status = { State: 'running', ContainerStatus: { ContainerID: id } };
      if (line.startsWith('GET /tasks')) answer.end(JSON.stringify([{ ...task, Status: status }]));
      else if (line.startsWith('GET /services/')) answer.end(JSON.stringify(service));
      else if (line.startsWith('GET')) answer.writeHead(404).end('{"message":"none"}');
      else {
        updates.push(line);
        expect(JSON.parse(body)).toMatchObject({
          Labels: { own: '1', 'snowfence.key': target().key },
          TaskTemplate: { ForceUpdate: 4 },
        });
        if (version++ === 7)
          answer.writeHead(500).end('{"message":"rpc error: code = Unknown desc = update out of sequence"}');
        else answer.end('{}');
      }
    });
    const token = await start(swarm, host, { mode: 'service' });
    expect(updates).toEqual(['POST /services/s1/update?version=7', 'POST /services/s1/update?version=8']);
    expect(JSON.parse(token)).toMatchObject({ service: 's1', place: 'slot 1', old: id, force: 4 });
  });
});
