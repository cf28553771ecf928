import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { attempt } from '../../../src/app/notifying/attempt.ts';
import { testMessage } from '../../../src/notify/message.ts';
import { sinks } from '../../../src/notify/registry.ts';

afterEach(() => void vi.unstubAllEnvs());

/** A service that refuses and repeats what it got, after so many characters of its own. */
async function repeating(padding: number): Promise<string> {
  const server = createServer(({ url, headers }, response) =>
    response.writeHead(404).end(`${'x'.repeat(padding)} cannot POST ${url}: ${headers.authorization ?? ''}`),
  ).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function saidBy(kind: string, settings: Record<string, unknown>): Promise<string> {
  const sink = await (sinks[kind] as NonNullable<(typeof sinks)[string]>)();
  const notifying = {
    fleet: '/f.yaml',
    kinds: new Map([[kind, sink]]),
    config: { sinks: { it: { kind, ...settings } } },
  };
  const around = { env: {}, signal: new AbortController().signal, version: '1' };
  const ended = await attempt(notifying, 'it', testMessage('test/1', '2026-01-01T00:00:00Z', 'it'), 0, around);
  expect(ended.state).toBe('failed');
  return ended.says ?? '';
}

it('a receiver that repeats the path of a secret address does not make it known', async () => {
  vi.stubEnv('THE_URL', `${await repeating(0)}/services/T000/tokenToken`);
  const says = await saidBy('slack', { url: 'env:THE_URL' });
  expect(says).toContain('answered 404');
  expect(says).not.toMatch(/T000|token/i);
});

it.each(Array.from({ length: 12 }, (_, i) => 235 + 5 * i))(
  'nor a secret that is cut off after %i characters',
  async (padding) => {
    vi.stubEnv('THE_HEADER', 'Bearer abcdefghijklmnopqrstuvwxyz');
    vi.stubEnv('THE_SECRET', 'hmac-hmac');
    const says = await saidBy('webhook', {
      url: await repeating(padding),
      secret: 'env:THE_SECRET',
      authorization: 'env:THE_HEADER',
    });
    expect(says).toContain('answered 404');
    expect(says).not.toMatch(/abcd/);
  },
);

it('a header that cannot be sent is not told', async () => {
  vi.stubEnv('THE_HEADER', 'Bearer first-secret\nsecond-secret');
  vi.stubEnv('THE_SECRET', 'hmac-hmac');
  const settings = { url: await repeating(0), secret: 'env:THE_SECRET', authorization: 'env:THE_HEADER' };
  const says = await saidBy('webhook', settings);
  expect(says).toMatch(/header authorization has a character/);
  expect(says).not.toMatch(/first|second/);
});
