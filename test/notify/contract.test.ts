import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sinks } from '../../src/notify/registry.ts';
import { type SinkCase, secretValue, sinkContract } from './contract.ts';
import { httpReceiver, mailReceiver, tcpReceiver } from './receivers.ts';

const overHttp = (name: string, settings: (url: string) => object): SinkCase => ({
  load: sinks[name] as SinkCase['load'],
  can: ['take', 'refuse', 'throttle', 'hang', 'reset'],
  async receive(manners) {
    const { url, posts } = await httpReceiver(manners);
    return { settings: settings(url) as Record<string, unknown>, got: () => posts.map(({ body }) => body).join('\n') };
  },
});

const programs: Record<string, string> = {
  take: 'cat > got',
  refuse: 'echo "no such thing" >&2; exit 65',
  throttle: 'exit 75',
  hang: 'sleep 60',
  reset: 'kill -9 $$',
};

const cases: Record<string, SinkCase> = {
  webhook: overHttp('webhook', (url) => ({ url: `${url}/hook?a=1`, secret: 'env:X', authorization: 'env:X' })),
  slack: overHttp('slack', (url) => ({ url: `env:URL=${url}/services/${secretValue}` })),
  alertmanager: overHttp('alertmanager', (url) => ({ url, authorization: 'env:X' })),
  pagerduty: overHttp('pagerduty', (url) => ({ url: `${url}/v2/enqueue`, routingKey: 'env:X' })),
  syslog: {
    load: sinks['syslog'] as SinkCase['load'],
    can: ['take', 'reset'],
    async receive(manners) {
      const { port, got } = await tcpReceiver(manners);
      return { settings: { host: '127.0.0.1', protocol: 'tcp', port }, got };
    },
  },
  email: {
    load: sinks['email'] as SinkCase['load'],
    can: ['take', 'refuse', 'throttle', 'hang', 'reset'],
    async receive(manners) {
      const { port, server } = await mailReceiver(manners);
      const who = { from: 'a@localhost.test', to: ['b@localhost.test'] };
      return {
        settings: { host: '127.0.0.1', port, security: 'none', ...who },
        // Long lines are folded on the way (quoted-printable).
        got: () => (server?.mails ?? []).map(({ text }) => text.replace(/=\r\n/g, '')).join('\n'),
      };
    },
  },
  file: {
    load: sinks['file'] as SinkCase['load'],
    can: ['take', 'refuse'],
    async receive(manners, dir) {
      // A directory is no file, and never becomes one; that it may be made one is the person's business.
      const path = manners.does === 'refuse' ? '/dev/null' : join(dir, 'out.ndjson');
      return { settings: { path }, got: () => readFileSync(path, 'utf8') };
    },
  },
  command: {
    load: sinks['command'] as SinkCase['load'],
    can: ['take', 'refuse', 'throttle', 'hang', 'reset'],
    async receive({ does }, dir) {
      const program = join(dir, 'program');
      writeFileSync(program, `cd '${dir}' || exit 64\n${programs[does]}\n`);
      return { settings: { argv: ['sh', program] }, got: () => readFileSync(join(dir, 'got'), 'utf8') };
    },
  },
};

for (const [name, one] of Object.entries(cases)) sinkContract(name, one);

it('the contract is for every sink', () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(sinks).sort());
});
