import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { build, Desk } from '../cli/run.ts';
import { certificate } from '../notify/certificate.ts';
import { MailServer } from '../notify/mail-server.ts';
import { Alertmanager, freePort, RECEIVER_TOOLS, Rsyslog, until } from './receivers.ts';
import { describeLab } from './require.ts';

/** A place that takes JSON and keeps it. */
async function listening(posts: { path: string; body: Record<string, unknown> }[]): Promise<Server> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (chunk: Buffer) => parts.push(chunk));
    request.on('end', () => {
      posts.push({
        path: request.url ?? '',
        body: JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>,
      });
      response.writeHead(202).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describeLab(
  'notifications to real receivers',
  () => {
    const desk = new Desk();
    const stack = new AsyncDisposableStack();
    const posts: { path: string; body: Record<string, unknown> }[] = [];
    let rsyslog: Rsyslog;
    let manager: Alertmanager;
    let mail: MailServer;

    beforeAll(async () => {
      build();
      const tls = certificate(desk.path);
      const [udp, tcp, secure] = [await freePort(), await freePort(), await freePort()];
      rsyslog = stack.use(Rsyslog.start(join(desk.path, 'rsyslog'), { udp, tcp, tls: secure }, tls));
      manager = stack.use(await Alertmanager.start(join(desk.path, 'am')));
      mail = stack.use(new MailServer({ key: tls.key, cert: tls.cert, authOptional: false }));
      const smtp = await mail.listen();
      const http = await listening(posts);
      stack.defer(() => void http.close());
      const at = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
      for (const name of ['image', 'web-1', 'web-2']) {
        mkdirSync(join(desk.path, name, 'etc'), { recursive: true });
        writeFileSync(join(desk.path, name, 'etc/motd'), 'welcome\n');
      }
      desk.write('password', 'pass-word-1\n');
      desk.write('slack-url', `${at}/services/secret-token\n`);
      desk.write('routing-key', 'r0ut1ng\n');
      desk.write(
        'fleet.yaml',
        `
groups:
  web:
    image: web:1
    hosts: [{ address: 'rootfs:${desk.path}/web-1', name: web-1 }, { address: 'rootfs:${desk.path}/web-2', name: web-2 }]
notify:
  sinks:
    udp: { kind: syslog, host: 127.0.0.1, protocol: udp, port: ${udp} }
    tcp: { kind: syslog, host: 127.0.0.1, protocol: tcp, port: ${tcp} }
    tls: { kind: syslog, host: localhost, port: ${secure}, ca: cert.pem }
    alerts: { kind: alertmanager, url: '${manager.url}' }
    mail: { kind: email, host: localhost, port: ${smtp}, ca: cert.pem, from: snowfence@localhost.test, to: [ops@localhost.test], user: scanner, password: 'file:${desk.path}/password' }
    chat: { kind: slack, url: 'file:${desk.path}/slack-url' }
    pager: { kind: pagerduty, url: '${at}/v2/enqueue', routingKey: 'file:${desk.path}/routing-key' }
`,
      );
      await desk.run('manifest', 'create', `rootfs:${desk.path}/image`, '--image', 'web:1', '-o', 'web.manifest');
      expect((await desk.run('manifest', 'add', 'web.manifest')).code).toBe(0);
      // It is ready when it takes something over TCP.
      await until(
        'rsyslogd listens',
        async () => (await desk.run('notify', 'test', 'tcp', '--inventory', 'fleet.yaml')).code === 0,
      );
    });
    afterAll(async () => {
      await stack.disposeAsync();
      desk.remove();
    });

    const scan = () => desk.run('scan', '--inventory', 'fleet.yaml', '--quiet');

    it('a test message arrives through every sink', async () => {
      const { stdout, code } = await desk.run('notify', 'test', '--inventory', 'fleet.yaml');
      const said = stdout.trim().split('\n').sort();
      expect(said.map((line) => line.replace(/ \(\w+\)/, ''))).toEqual([
        ...['alerts: delivered', 'chat: delivered', 'mail: delivered', 'pager: delivered', 'tcp: delivered'],
        ...['tls: delivered', 'udp: delivered: sent by UDP, which nobody confirms'],
      ]);
      expect(code).toBe(0);
      for (const protocol of ['udp', 'tcp', 'tls'] as const)
        await until(`${protocol} came`, () =>
          rsyslog.lines(protocol).some((line) => line.includes(' TEST [snowfence@32473 ')),
        );
      expect((await manager.active()).map(({ labels }) => labels['alertname'])).toEqual(['SnowfenceTest']);
    });

    it('what drifts is told once, to all, and that it is gone too', async () => {
      expect(await scan()).toMatchObject({ code: 0, stderr: '' });
      const before = posts.length;
      // One hand on both, and on one a name that wants to be more than a name.
      for (const name of ['web-1', 'web-2']) writeFileSync(join(desk.path, name, 'etc/motd'), 'owned\n');
      const hostile = join(desk.path, 'web-1/etc', '<!channel> *a* ] "q" \\ \x1b[2J\n<14>1 - - - - - - forged');
      writeFileSync(hostile, 'x');
      expect(await scan()).toMatchObject({ code: 1, stderr: '' });

      for (const protocol of ['udp', 'tcp', 'tls'] as const) {
        const told = () => rsyslog.lines(protocol).filter((line) => / (NEW|SUMMARY) /.test(line));
        await until(`all came by ${protocol}`, () => told().some((line) => line.includes(' SUMMARY ')));
        const shared = told().find((line) => line.includes('subject="/etc/motd"'));
        // local0 (16) and warning (4); two of two.
        expect(shared).toMatch(/^132 1 snowfence NEW \[snowfence@32473 .*seen="2" of="2"/);
        expect(shared).toContain('web-1, web-2 (2 of 2 share this)');
        const odd = told().filter((line) => line.includes('forged'));
        expect(odd).toHaveLength(1);
        expect(odd[0]).toContain('\\]');
        expect(
          rsyslog.lines(protocol).every((line) => / snowfence (NEW|SUMMARY|TEST) \[snowfence@32473 /.test(line)),
        ).toBe(true);
      }
      const alerts = async () =>
        (await manager.active()).filter(({ labels }) => labels['alertname'] !== 'SnowfenceTest');
      expect(
        (await alerts()).map(({ labels }) => `${labels['instance']} ${labels['severity']} ${labels['group']}`).sort(),
      ).toEqual([...['web-1 medium web', 'web-1 medium web', 'web-2 medium web']].sort());
      const [, letter] = mail.mails;
      expect(letter).toMatchObject({
        from: 'snowfence@localhost.test',
        to: ['ops@localhost.test'],
        user: 'scanner',
        secure: true,
      });
      expect(letter?.text).toMatch(/^Subject: snowfence: 3 new in a scan of 2 instances \(worst: medium\)/m);
      const told = posts.slice(before);
      const chat = told.filter(({ path }) => path === '/services/secret-token');
      expect(chat).toHaveLength(1);
      expect(JSON.stringify(chat[0]?.body)).not.toContain('"type":"mrkdwn"');
      const pages = told.filter(({ path }) => path === '/v2/enqueue').map(({ body }) => body);
      expect(pages.map((body) => body['event_action'])).toEqual(['trigger', 'trigger', 'trigger']);
      expect(pages.every((body) => body['routing_key'] === 'r0ut1ng')).toBe(true);

      // The same again is no news.
      const count = posts.length;
      expect(await scan()).toMatchObject({ code: 1, stderr: '' });
      expect([posts.length, mail.mails.length]).toEqual([count, 2]);

      for (const name of ['web-1', 'web-2']) writeFileSync(join(desk.path, name, 'etc/motd'), 'welcome\n');
      rmSync(hostile);
      expect(await scan()).toMatchObject({ code: 0, stderr: '' });
      await until('Alertmanager holds none of them', async () => (await alerts()).length === 0);
      const ends = posts
        .slice(count)
        .filter(({ path }) => path === '/v2/enqueue')
        .map(({ body }) => body);
      expect(ends.map((body) => body['event_action'])).toEqual(['resolve', 'resolve', 'resolve']);
      expect(new Set(ends.map((body) => body['dedup_key']))).toEqual(new Set(pages.map((body) => body['dedup_key'])));
      expect(mail.mails.at(-1)?.text).toMatch(/^Subject: snowfence: 3 resolved in a scan of 2 instances$/m);
    });

    it('a receiver that is away loses nothing: flush delivers it later', async () => {
      const letters = mail.mails.length;
      const fleet = desk.write('away.yaml', '');
      writeFileSync(
        fleet,
        `
hosts: [{ address: 'rootfs:${desk.path}/web-1', name: web-1, image: 'web:1' }]
notify:
  deliverSeconds: 1
  sinks: { mail: { kind: email, host: localhost, port: ${await freePort()}, security: none, from: a@localhost.test, to: [b@localhost.test] } }
`,
      );
      expect((await desk.run('scan', '--inventory', 'away.yaml', '--quiet')).stderr).toBe('');
      writeFileSync(join(desk.path, 'web-1/etc/motd'), 'owned\n');
      const { code, stderr } = await desk.run('scan', '--inventory', 'away.yaml', '--quiet');
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /notification to mail \(email\) waits: the mail server localhost took it not: .*ECONNREFUSED/,
      );
      await using back = new MailServer();
      const port = await back.listen();
      writeFileSync(
        fleet,
        `
hosts: [{ address: 'rootfs:${desk.path}/web-1', name: web-1, image: 'web:1' }]
notify:
  sinks: { mail: { kind: email, host: localhost, port: ${port}, security: none, from: a@localhost.test, to: [b@localhost.test] } }
`,
      );
      expect(await desk.run('notify', 'flush', '--inventory', 'away.yaml')).toMatchObject({
        code: 0,
        stderr: '1 delivered\n',
      });
      expect(back.mails.map(({ to, secure }) => [to, secure])).toEqual([[['b@localhost.test'], false]]);
      expect(mail.mails.length).toBe(letters);
      expect((await desk.run('notify', 'flush', '--inventory', 'away.yaml')).stderr).toBe('0 delivered\n');
    });
  },
  RECEIVER_TOOLS,
);
