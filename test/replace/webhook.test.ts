import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DriverContext } from '../../src/core/replacement.ts';
import { webhook } from '../../src/replace/webhook/driver.ts';
import { describeDriver, type Provider } from './contract.ts';
import { item, permitOf } from './make.ts';

const secret = 'a secret of the test';
const context: DriverContext = { signal: new AbortController().signal, env: {}, secret: async () => secret };

/** A service as the documentation describes it: it proves every signature, does each key once, and takes its time. */
class Service {
  readonly machines = new Map<string, string>();
  readonly jobs = new Map<string, { place: string; asked: number }>();
  changes = 0;
  throttled = 0;
  url = '';
  readonly #server = createServer((asked, answer) => void this.#answer(asked, answer));

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/replace?tenant=1`;
    return this;
  }

  async #answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of asked) body += String(chunk);
    const say = (status: number, value: object, headers = {}) =>
      answer.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    const header = (name: string) => String(asked.headers[name] ?? '');
    const [at, key] = [header('x-snowfence-timestamp'), header('idempotency-key')];
    const text = [at, asked.method, asked.url, key, body].join('\n');
    const mine = Buffer.from(`v1=${createHmac('sha256', secret).update(text).digest('hex')}`);
    const theirs = Buffer.from(header('x-snowfence-signature'));
    const fresh = Math.abs(Date.now() / 1000 - Number(at)) < 300;
    if (!fresh || mine.length !== theirs.length || !timingSafeEqual(mine, theirs))
      return void say(401, { error: 'signature' });
    if (this.throttled > 0) {
      this.throttled--;
      return void say(429, { error: 'slow down' });
    }
    if (asked.method === 'POST') {
      const { target } = JSON.parse(body) as { target: { name: string; identity: string } };
      if (!this.jobs.has(key)) {
        if (this.machines.get(target.name) !== target.identity) return void say(409, { error: 'that machine is gone' });
        this.changes++;
        this.machines.set(target.name, randomUUID());
        this.jobs.set(key, { place: target.name, asked: 0 });
      }
      return void say(202, {}, { location: `/jobs/${key}` });
    }
    const job = this.jobs.get(asked.url?.split('/').at(-1) ?? '');
    if (!job) return void say(404, { error: 'no such job' });
    if (job.asked++ < 2) return void say(200, { state: 'running', detail: 'launching' });
    return void say(200, {
      state: 'done',
      uri: `ssh://root@${job.place}`,
      id: this.machines.get(job.place),
      hostKeys: ['ssh-ed25519 AAAA'],
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describeDriver('webhook', webhook, async (): Promise<Provider> => {
  const service = await new Service().listen();
  let number = 0;
  return {
    settings: { url: service.url, secret: 'env:SECRET' },
    context,
    async launch() {
      const name = `web-${++number}`;
      const identity = randomUUID();
      service.machines.set(name, identity);
      return item(name, { identity });
    },
    alive: async () => [...service.machines.values()],
    changes: async () => service.changes,
    async vanish({ name }) {
      service.machines.set(name, randomUUID());
    },
    async throttle() {
      service.throttled = 1;
    },
    refused: { target: item('x'), settings: { url: 'http://ops.example.org/replace', secret: 'env:SECRET' } },
    close: () => service.close(),
  };
});

describe('a service that answers oddly', () => {
  type Reply = (asked: IncomingMessage, answer: ServerResponse) => void;
  let reply: Reply;
  let asked: string[];
  let url: string;
  let close: () => void;
  beforeEach(async () => {
    asked = [];
    const server = createServer((request, answer) => {
      asked.push(`${request.method} ${request.url}`);
      reply(request, answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    close = () => {
      server.closeAllConnections();
      server.close();
    };
  });
  afterEach(() => close());

  const start = async (more = {}) =>
    (await webhook.open({ url, secret: 'env:S', ...more }, context)).start(permitOf({ instance: 'a' }));

  it.each<[string, Reply, RegExp, boolean]>([
    [
      'with a redirect',
      (_, a) => a.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      /302, a redirect, and those are not followed/,
      false,
    ],
    ['with an error', (_, a) => a.writeHead(400).end('\x1b[2Jno'), /answered 400: \[2Jno/, false],
    ['that it is busy', (_, a) => a.writeHead(503).end(), /answered 503/, true],
    ['and breaks off', (q) => q.socket.destroy(), /did not answer/, true],
    ['with no JSON', (_, a) => a.end('<html>'), /is no JSON object: <html>/, false],
    ['with another shape', (_, a) => a.end('[1]'), /is no JSON object/, false],
    ['with no state', (_, a) => a.end('{"state":"perhaps"}'), /no state of running, done or failed/, false],
    [
      'with a strange host key',
      (_, a) => a.end('{"state":"done","hostKeys":[7]}'),
      /host keys that are no list/,
      false,
    ],
    ['with a strange uri', (_, a) => a.end('{"state":"done","uri":"x y"}'), /a uri that is none/, false],
    ['that it began, and not where to ask', (_, a) => a.writeHead(202).end(), /names no Location/, false],
    [
      'with a Location elsewhere',
      (_, a) => a.writeHead(202, { location: 'http://127.0.0.2/' }).end(),
      /sends us to another place/,
      false,
    ],
    ['without end', (_, a) => void endless(a), /broke off, or is too long/, false],
  ])('%s is refused in words', async (_, by, says, transient) => {
    reply = by;
    await expect(start()).rejects.toMatchObject({
      name: 'ReplaceError',
      message: expect.stringMatching(says),
      transient,
    });
    expect(asked).toHaveLength(1);
  });

  it('too slowly is not waited for', async () => {
    reply = () => {};
    await expect(start({ timeoutSeconds: 0.2 })).rejects.toMatchObject({ transient: true });
  });

  it('that it is done at once is believed', async () => {
    reply = (_, a) => a.end('{"state":"done","uri":"ssh://root@new"}');
    const session = await webhook.open({ url, secret: 'env:S' }, context);
    const permit = permitOf({ instance: 'a' });
    const progress = await session.poll(await session.start(permit), permit);
    expect(progress).toMatchObject({ state: 'done', successor: { uri: 'ssh://root@new' } });
    expect(asked).toHaveLength(1);
    await expect(session.poll('garbage', permit)).rejects.toThrow(/none of the driver webhook/);
  });

  it('is not told a secret, nor is it in an error', async () => {
    reply = (request, a) => a.writeHead(400).end(JSON.stringify(request.headers));
    const error = await start().catch((e: unknown) => e);
    expect(JSON.stringify(error) + String(error)).not.toContain(secret);
  });
});

function endless(answer: ServerResponse): void {
  const chunk = Buffer.alloc(65_536, 0x20);
  const more = (): void => {
    while (!answer.destroyed && answer.write(chunk));
    if (!answer.destroyed) answer.once('drain', more);
  };
  more();
}
