import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Limits } from '../../../src/core/ports.ts';
import { ssh } from '../../../src/transport/ssh/transport.ts';

/**
 * One visit to a server in a process of its own, so that what it costs can be measured: arguments are a JSON object with
 * `port`, `known`, `identity`, `limits` and `program`. Prints what came of it as JSON.
 */
const { port, known, identity, limits, program, reach } = JSON.parse(process.argv[2] ?? '') as {
  port: number;
  known: string;
  identity: string;
  limits: Limits;
  program: string;
  reach: object;
};
const delay = monitorEventLoopDelay({ resolution: 5 });
const began = performance.now();
const before = process.resourceUsage().maxRSS;
delay.enable();
const instance = {
  ...{ id: 'i', uri: `ssh://u@127.0.0.1:${port}`, name: 'i', group: '', labels: {} },
  reach: { sshConfig: 'none', knownHosts: [known], identityFiles: [identity], retries: 0, ...reach },
};
const result: Record<string, unknown> = {};
try {
  const session = await ssh.open(instance, limits, new AbortController().signal);
  result['login'] = true;
  const answer = await session.run(program, { root: '/', mode: 'live', since: 0 });
  await session.close();
  result['ended'] = answer.ended;
  result['stderr'] = answer.stderr;
  result['bytes'] = answer.stdout.length;
} catch (error) {
  const { reason, message } = error as { reason?: string; message: string };
  result['reason'] = reason ?? 'BUG';
  result['message'] = message;
}
process.stdout.write(
  JSON.stringify({
    ...result,
    seconds: (performance.now() - began) / 1000,
    grownMiB: (process.resourceUsage().maxRSS - before) / 1024,
    blockedMs: delay.max / 1e6,
  }),
);
