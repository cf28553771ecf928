/** `serve` by a clock that is driven by lines on standard input (`drive TIME`); run by test/lab/serve.test.ts, and killed by it. */
import { createInterface } from 'node:readline';
import { openStore } from '../../src/cli/context.ts';
import { serve } from '../../src/cli/serving.ts';
import { FakeClock } from '../schedule/fake-clock.ts';

const [inventory = '', path = '', start = ''] = process.argv.slice(2);
const store = await openStore(path);
const clock = new FakeClock(start);
const { stdout, stderr, env } = process;
const context = { stdout, stderr, env, signal: new AbortController().signal, run: async () => 0, code: 0 };
const { daemon, port, stop } = await serve({
  flags: {
    ...{
      inventory,
      listen: { host: '127.0.0.1', port: 0 },
      grace: 5,
      format: [],
      report: 'findings',
      failOn: 'low',
      wait: 0,
    },
    ...{ policy: [], group: [], maxFileSize: 4096, maxHashed: 0, cpuShare: 100, perGroup: 0, concurrency: 16 },
    ...{ memory: 1024, timeout: 60, connectTimeout: 15, idleTimeout: 60, scratch: true, identity: [], knownHosts: [] },
  } as unknown as Parameters<typeof serve>[0]['flags'],
  ...{ context, store, clock },
});
const say = (line: object) => stdout.write(`${JSON.stringify(line)}\n`);
say({ port });
// What is due when it starts is done before anything else.
for await (const line of createInterface({ input: process.stdin })) {
  const [word, time = ''] = line.split(' ');
  if (word === 'drive') await clock.drive(time, () => settled());
  else break;
  say({ at: new Date(clock.now()).toISOString() });
}
await stop();
store.close();

/** Nothing runs, and what stands behind a wake has been begun. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await daemon.idle();
}
