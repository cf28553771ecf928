import { createHmac } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DeliveryError, type Sink } from '../../src/core/notify.ts';
import { retryAfter } from '../../src/notify/http.ts';
import { sinks } from '../../src/notify/registry.ts';
import { counted, cutTo, records } from '../../src/notify/syslog/frame.ts';
import { certificate } from './certificate.ts';
import { secretValue, sending } from './contract.ts';
import { MailServer } from './mail-server.ts';
import { at, message, transition } from './make.ts';
import { httpReceiver, tcpReceiver } from './receivers.ts';

const sink = (name: string): Promise<Sink> => (sinks[name] as () => Promise<Sink>)();

function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'snowfence-sink-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const refusalOf = async (sent: Promise<unknown>): Promise<DeliveryError> => {
  const error = await sent.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DeliveryError);
  return error as DeliveryError;
};

describe('over HTTP', () => {
  it.each([200, 201, 202, 204, 299])('%i is success', async (status) => {
    const { url, posts } = await httpReceiver({ does: 'take', status });
    await sending(await sink('webhook'), { url, secret: 'env:X' }, message([transition()]));
    expect(posts).toHaveLength(1);
  });

  it.each([
    [301, false],
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
  ])('%i is none; worth another try: %s', async (status, transient) => {
    const { url, posts } = await httpReceiver({ does: 'take', status });
    const error = await refusalOf(sending(await sink('webhook'), { url, secret: 'env:X' }, message([transition()])));
    expect(error).toMatchObject({ transient });
    expect(error.message).toContain(`answered ${status}`);
    expect(posts).toHaveLength(1);
  });

  it('plain http to another machine is refused unless it is wanted', async () => {
    const url = 'http://192.0.2.1/x';
    const error = await refusalOf(sending(await sink('webhook'), { url, secret: 'env:X' }, message([])));
    expect(error).toMatchObject({ transient: false, message: expect.stringContaining('insecure: true') });
  });

  it('Retry-After is seconds or a date, and bounded', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(retryAfter('120', now)).toBe(120_000);
    expect(retryAfter('Thu, 01 Jan 2026 00:01:00 GMT', now)).toBe(60_000);
    expect(retryAfter('Wed, 31 Dec 2025 00:01:00 GMT', now)).toBe(0);
    expect(retryAfter('999999999', now)).toBe(24 * 3600 * 1000);
    for (const odd of [null, '', 'soon', '-1', '1e9999']) expect(retryAfter(odd, now)).toBe(0);
  });
});

it('webhook: the signature is over time, method, path, key and body', async () => {
  const { url, posts } = await httpReceiver({ does: 'take' });
  await sending(await sink('webhook'), { url: `${url}/a/b?c=d`, secret: 'env:X' }, message([transition()]));
  const [{ path, headers, body }] = posts as [(typeof posts)[0]];
  const time = headers['x-snowfence-timestamp'];
  const signed = [time, 'POST', path, 'scan-1/0/sink', body].join('\n');
  expect(path).toBe('/a/b?c=d');
  expect(headers['idempotency-key']).toBe('scan-1/0/sink');
  expect(headers['x-snowfence-signature']).toBe(`v1=${createHmac('sha256', secretValue).update(signed).digest('hex')}`);
  expect(JSON.parse(body)).toEqual(message([transition()]));
});

it('slack: no text of an instance is markup, a mention or an end of the fence', async () => {
  const { url, posts } = await httpReceiver({ does: 'take' });
  const odd = transition({ title: '<!channel> @here ``` *b* <http://x|y>', reason: `@all ${'r'.repeat(5000)}` });
  const many = Array.from({ length: 60 }, () => odd);
  await sending(await sink('slack'), { url: `env:URL=${url}/s` }, message(many));
  const body = JSON.parse(posts[0]?.body ?? '') as {
    text: string;
    mrkdwn: boolean;
    blocks: { text?: { type: string; text: string } }[];
  };
  expect(body.mrkdwn).toBe(false);
  expect(body.blocks.length).toBeLessThanOrEqual(50);
  for (const { text } of body.blocks)
    if (text) {
      expect(text.type).toBe('plain_text');
      expect(text.text.length).toBeLessThanOrEqual(3000);
      expect(text.text).not.toMatch(/@[a-z]/);
    }
  expect(body.text).not.toMatch(/<|>|@[a-z]/);
  expect(body.text.match(/```/g)).toHaveLength(2);
  expect(body.text.endsWith('\n```')).toBe(true);
});

it('pagerduty: goes on where an attempt before ended, and keeps to the limits', async () => {
  const { url, posts } = await httpReceiver({ does: 'take', status: 202 });
  const three = ['a', 'b', 'c'].map((key) => transition({ key, title: 'x'.repeat(3000) }));
  await sending(await sink('pagerduty'), { url, routingKey: 'env:X' }, message(three), 5000, 1);
  const events = posts.map(
    ({ body }) => JSON.parse(body) as { dedup_key: string; payload: { summary: string; severity: string } },
  );
  expect(events.map(({ dedup_key }) => dedup_key)).toEqual(['b', 'c']);
  expect(events[0]?.payload).toMatchObject({ severity: 'error', summary: 'x'.repeat(1024) });
});

it('pagerduty: says how far it came when it is throttled', async () => {
  const { url } = await httpReceiver({ does: 'throttle', seconds: 3 });
  const two = ['a', 'b'].map((key) => transition({ key }));
  const error = await refusalOf(sending(await sink('pagerduty'), { url, routingKey: 'env:X' }, message(two), 5000, 1));
  expect(error).toMatchObject({ delivered: 1, retryAfterMs: 3000 });
});

it('alertmanager: what grew worse ends the alert of the old severity', async () => {
  const { url, posts } = await httpReceiver({ does: 'take' });
  const worse = transition({ kind: 'worse', was: 'low', severity: 'critical' });
  await sending(await sink('alertmanager'), { url: `${url}/am/`, labels: { team: 'x' } }, message([worse]));
  const alerts = JSON.parse(posts[0]?.body ?? '') as {
    labels: Record<string, string>;
    startsAt: string;
    endsAt: string;
  }[];
  expect(posts[0]?.path).toBe('/am/api/v2/alerts');
  expect(alerts.map(({ labels, endsAt }) => [labels['severity'], labels['team'], endsAt > at(1)])).toEqual([
    ['low', 'x', false],
    ['critical', 'x', true],
  ]);
  for (const { startsAt, endsAt } of alerts) expect(startsAt < endsAt).toBe(true);
});

it('alertmanager: a long message goes in parts, and goes on where it ended', async () => {
  const { url, posts } = await httpReceiver({ does: 'take' });
  const many = Array.from({ length: 1100 }, (_, i) => transition({ key: `k${i}` }));
  await sending(await sink('alertmanager'), { url }, message(many), 5000, 500);
  expect(posts.map(({ body }) => (JSON.parse(body) as unknown[]).length)).toEqual([500, 100]);
  const busy = await httpReceiver({ does: 'throttle', seconds: 1 });
  const failed = await refusalOf(sending(await sink('alertmanager'), { url: busy.url }, message(many), 5000, 500));
  expect(failed).toMatchObject({ delivered: 500, transient: true });
});

describe('syslog', () => {
  const origin = { facility: 'local0', hostname: 'scanner', appName: 'snowfence' } as const;

  it('is RFC 5424 whatever the names are: one header, one element, values that end where they end', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.string(), (title, name) => {
        const one = transition({ title, instance: { ...transition().instance, name } });
        for (const bytes of records(message([one]), origin)) {
          const text = bytes.toString('utf8');
          const form =
            /^<\d{1,3}>1 \S+ scanner snowfence \d+ [A-Z]+ \[snowfence@32473((?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+)\] \ufeff/s;
          expect(text).toMatch(form);
        }
      }),
    );
  });

  it('counts octets, not characters', () => {
    expect(counted([Buffer.from('é'), Buffer.from('ab')]).toString()).toBe('2 é2 ab');
  });

  it('cuts a datagram between characters', () => {
    expect(cutTo(Buffer.from('aéé'), 4).toString()).toBe('aé');
    expect(cutTo(Buffer.from('abc'), 4).toString()).toBe('abc');
  });

  it('trusts no certificate that nobody vouches for, and waits for no handshake for ever', async () => {
    const dir = scratch();
    const { cert, key, certFile } = certificate(dir);
    let got = '';
    const server = createServer({ cert, key }, (socket) =>
      socket.on('data', (chunk) => (got += chunk)).on('error', () => {}),
    );
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const settings = { host: 'localhost', port };
    const error = await refusalOf(sending(await sink('syslog'), settings, message([transition()])));
    expect(error.transient).toBe(false);
    await sending(await sink('syslog'), { ...settings, ca: certFile }, message([transition()]));
    expect(got).toContain('/etc/a');
    const silent = await tcpReceiver({ does: 'hang' });
    const late = sending(await sink('syslog'), { host: '127.0.0.1', port: silent.port }, message([]), 300);
    expect(await refusalOf(late)).toMatchObject({ transient: true });
  });
});

describe('email', () => {
  it('insists on STARTTLS, on a certificate that is trusted, and on the login', async () => {
    const dir = scratch();
    const { cert, key, certFile } = certificate(dir);
    await using plain = new MailServer({ disabledCommands: ['STARTTLS'] });
    await using safe = new MailServer({ cert, key, authOptional: false });
    const who = {
      from: 'a@localhost.test',
      to: ['b@localhost.test'],
      host: 'localhost',
      user: 'scanner',
      password: 'env:X',
    };
    const email = await sink('email');
    const [bare, port] = [await plain.listen(), await safe.listen()];
    await refusalOf(sending(email, { ...who, port: bare }, message([transition()])));
    expect(await refusalOf(sending(email, { ...who, port }, message([transition()])))).toMatchObject({
      transient: false,
    });
    const denied = await refusalOf(sending(email, { ...who, port, ca: certFile }, message([transition()])));
    expect(denied).toMatchObject({ transient: false });
    expect(denied.message).not.toContain(secretValue);
    expect([plain.mails, safe.mails]).toEqual([[], []]);
  });

  it('has headers that no name can add to, and an id that stays', async () => {
    await using server = new MailServer();
    const settings = {
      host: '127.0.0.1',
      port: await server.listen(),
      security: 'none',
      from: 'a@localhost.test',
      to: ['b@localhost.test'],
    };
    const odd = transition({ instance: { ...transition().instance, name: 'web\\r\\nBcc: x@y' } });
    for (let n = 0; n < 2; n++) await sending(await sink('email'), settings, message([odd]));
    const heads = server.mails.map(({ text }) => text.split('\r\n\r\n')[0] ?? '');
    expect(heads[0]).not.toMatch(/^Bcc:/m);
    expect(heads[0]).toMatch(/^Auto-Submitted: auto-generated$/m);
    const ids = heads.map((head) => /^Message-ID: (<.*>)$/im.exec(head)?.[1]);
    expect(ids[0]).toBeDefined();
    expect(ids[1]).toBe(ids[0]);
  });
});

describe('file', () => {
  it('is appended to by its name, so that a rotated one is left alone, and half a line stays by itself', async () => {
    const path = join(scratch(), 'out.ndjson');
    const file = await sink('file');
    const send = (id: string) => sending(file, { path }, message([transition()], { id }));
    await send('one');
    renameSync(path, `${path}.1`);
    await send('two');
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"half`);
    await send('three');
    const ids = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (line === '{"half' ? line : (JSON.parse(line) as { id: string }).id));
    expect(ids).toEqual(['two', '{"half', 'three']);
    expect(readFileSync(`${path}.1`, 'utf8').trimEnd().split('\n')).toHaveLength(1);
  });

  it('in a directory that is not there is tried again', async () => {
    const path = join(scratch(), 'no/such/out');
    expect(await refusalOf(sending(await sink('file'), { path }, message([])))).toMatchObject({ transient: true });
    expect(existsSync(path)).toBe(false);
  });
});

it('command: a program that is not there is final, and no shell reads the arguments', async () => {
  const command = await sink('command');
  expect(await refusalOf(sending(command, { argv: ['/no/such/program'] }, message([])))).toMatchObject({
    transient: false,
  });
  const dir = scratch();
  await sending(command, { argv: ['touch', join(dir, '$(id); x')] }, message([]));
  expect(existsSync(join(dir, '$(id); x'))).toBe(true);
});
