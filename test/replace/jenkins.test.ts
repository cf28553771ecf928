import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DriverContext } from '../../src/core/replacement.ts';
import { jenkins } from '../../src/replace/jenkins/driver.ts';
import { describeDriver, type Provider } from './contract.ts';
import { item, permitOf } from './make.ts';

const context: DriverContext = { signal: new AbortController().signal, env: {}, secret: async () => 'token' };
const known = ['SNOWFENCE_KEY', 'SNOWFENCE_NAME', 'SNOWFENCE_IDENTITY', 'TIER'];

interface Job {
  id: number;
  parameters: Record<string, string>;
  /** Calls until the build begins, and until it ends. */
  waits: number;
  runs: number;
  number?: number;
  result?: string;
}

/** Jenkins as its remote access API shows itself: a queue, builds with numbers, a crumb that belongs to a session, Basic authentication. */
class Jenkins {
  readonly machines = new Map<string, string>();
  readonly jobs: Job[] = [];
  defines = [...known];
  busy = 0;
  changes = 0;
  /** The queue forgets an item once its build has begun, as it does after some minutes. */
  forgets = false;
  fails = false;
  /** The answer to the next build is lost on its way. */
  loses = false;
  url = '';
  readonly #sessions = new Map<string, string>();
  readonly #server = createServer((asked, answer) => void this.#answer(asked, answer));

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/ci`;
    return this;
  }

  async #answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of asked) body += String(chunk);
    const { pathname } = new URL(asked.url ?? '', 'http://x');
    const say = (status: number, value: unknown = {}, headers = {}) =>
      void answer.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    if (asked.headers.authorization !== `Basic ${Buffer.from('robot:token').toString('base64')}`) return say(401);
    if (this.busy > 0) {
      this.busy--;
      return say(503);
    }
    if (pathname === '/ci/crumbIssuer/api/json') {
      const [session, crumb] = [randomUUID(), randomUUID()];
      this.#sessions.set(session, crumb);
      const cookie = { 'set-cookie': `JSESSIONID.1=${session}; Path=/ci; HttpOnly` };
      return say(200, { crumb, crumbRequestField: 'Jenkins-Crumb' }, cookie);
    }
    for (const job of this.jobs) this.#go(job);
    const begun = this.jobs.filter((job) => job.number !== undefined);
    if (pathname === '/ci/queue/api/json')
      return say(200, { items: this.jobs.filter(({ number }) => number === undefined).map((job) => this.#item(job)) });
    const one = /^\/ci\/queue\/item\/(\d+)\/api\/json$/.exec(pathname);
    if (one) {
      const job = this.jobs.find(({ id, number }) => id === Number(one[1]) && !(this.forgets && number !== undefined));
      return job ? say(200, this.#item(job)) : say(404);
    }
    const folder = '/ci/job/ops/job/replace%20it';
    if (pathname === `${folder}/api/json`)
      return say(200, {
        property: [{}, { parameterDefinitions: this.defines.map((name) => ({ name })) }],
        builds: [...begun].reverse().map((job) => this.#build(job)),
      });
    const build = pathname.startsWith(folder) ? /\/(\d+)\/api\/json$/.exec(pathname) : undefined;
    if (build) {
      const job = begun.find(({ number }) => number === Number(build[1]));
      return job ? say(200, this.#build(job)) : say(404);
    }
    if (asked.method !== 'POST' || pathname !== `${folder}/buildWithParameters`) return say(404);
    const session = /JSESSIONID\.1=([^;]+)/.exec(asked.headers.cookie ?? '')?.[1] ?? '';
    if (this.#sessions.get(session) !== asked.headers['jenkins-crumb']) return say(403, 'No valid crumb');
    const given = [...new URLSearchParams(body)].filter(([name]) => this.defines.includes(name));
    const id = this.jobs.length + 100;
    this.jobs.push({ id, parameters: Object.fromEntries(given), waits: 2, runs: 2 });
    this.changes++;
    if (this.loses) {
      this.loses = false;
      asked.socket.destroy();
      return;
    }
    say(201, '', { location: `${this.url}/queue/item/${id}/` });
  }

  #go(job: Job): void {
    if (job.waits-- > 0) return;
    job.number ??= this.jobs.filter(({ number }) => number !== undefined).length + 1;
    if (job.runs-- > 0 || job.result !== undefined) return;
    const { SNOWFENCE_NAME: name = '', SNOWFENCE_IDENTITY: old } = job.parameters;
    job.result = this.fails || this.machines.get(name) !== old ? 'FAILURE' : 'SUCCESS';
    if (job.result === 'SUCCESS') this.machines.set(name, randomUUID());
  }

  #actions = ({ parameters }: Job) => [
    {},
    { parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })) },
  ];
  #item = (job: Job) => ({
    ...{ id: job.id, why: 'Waiting for next available executor', actions: this.#actions(job) },
    ...(job.number === undefined ? {} : { executable: { number: job.number } }),
  });
  #build = (job: Job) => ({
    ...{
      number: job.number,
      building: job.result === undefined,
      result: job.result ?? null,
      actions: this.#actions(job),
    },
    description: job.result === 'SUCCESS' ? '{"uri":"ssh://root@new","hostKeys":["ssh-ed25519 AAAA"]}' : null,
  });

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const settingsOf = ({ url }: Jenkins, more = {}) => ({
  url,
  job: 'ops/replace it',
  user: 'robot',
  token: 'env:T',
  ...more,
});

describeDriver('jenkins', jenkins, async (): Promise<Provider> => {
  const server = await new Jenkins().listen();
  let number = 0;
  return {
    settings: settingsOf(server, { parameters: { TIER: 'web' } }),
    context,
    async launch() {
      const [name, identity] = [`web-${++number}`, randomUUID()];
      server.machines.set(name, identity);
      return item(name, { identity });
    },
    alive: async () => [...server.machines.values()],
    changes: async () => server.changes,
    async vanish({ name }) {
      server.machines.set(name, randomUUID());
    },
    async throttle() {
      server.busy = 1;
    },
    refused: { target: item('x'), settings: { ...settingsOf(server), url: 'http://ci.example.org' } },
    close: () => server.close(),
  };
});

describe('a build of Jenkins', () => {
  let server: Jenkins;
  beforeEach(async () => {
    server = await new Jenkins().listen();
    server.machines.set('a', 'old');
  });
  afterEach(() => server.close());
  const permit = permitOf({ instance: 'a', identity: 'old' });
  const open = (more = {}) => jenkins.open(settingsOf(server, more), context);
  async function toEnd(token: string) {
    const session = await open();
    for (let tries = 0; tries < 20; tries++) {
      const progress = await session.poll(token, permit);
      if (progress.state !== 'running') return progress;
    }
    throw new Error('it is never done');
  }

  it('is followed through the queue to its result, and tells where the new instance is', async () => {
    const session = await open();
    const token = await session.start(permit);
    expect(await session.poll(token, permit)).toEqual({
      state: 'running',
      detail: 'in the queue of Jenkins: Waiting for next available executor',
    });
    expect(await toEnd(token)).toEqual({
      ...{ state: 'done', detail: 'build 1 ended as SUCCESS' },
      successor: { uri: 'ssh://root@new', hostKeys: ['ssh-ed25519 AAAA'] },
    });
    expect(server.jobs[0]?.parameters).toEqual({
      SNOWFENCE_KEY: permit.key,
      SNOWFENCE_NAME: 'a',
      SNOWFENCE_IDENTITY: 'old',
    });
  });

  it('is found again when the answer to it was lost, and begun once', async () => {
    server.loses = true;
    await expect((await open()).start(permit)).rejects.toMatchObject({ transient: true });
    expect((await toEnd(await (await open()).start(permit))).state).toBe('done');
    expect(server.jobs).toHaveLength(1);
  });

  it('is found by its key when the queue has forgotten it', async () => {
    server.forgets = true;
    expect((await toEnd(await (await open()).start(permit))).state).toBe('done');
  });

  it('that fails is a failure, with its number', async () => {
    server.fails = true;
    expect(await toEnd(await (await open()).start(permit))).toEqual({
      state: 'failed',
      detail: 'build 1 ended as FAILURE',
    });
  });

  it.each<[string, () => void, object, RegExp]>([
    [
      'the job could not be found again by its key',
      () => (server.defines = ['TIER']),
      {},
      /no parameter SNOWFENCE_KEY/,
    ],
    ['there is no such job', () => {}, { job: 'none' }, /has no job none/],
    ['the token is another', () => {}, { user: 'nobody' }, /answered 401/],
  ])('is not begun where %s', async (_, set, more, says) => {
    set();
    await expect((await open(more)).start(permit)).rejects.toThrow(says);
    expect(server.jobs).toEqual([]);
  });

  it('is not followed by a token of somebody else', async () => {
    await expect((await open()).poll('{"item":"x"}', permit)).rejects.toThrow(/none of the driver jenkins/);
  });
});
