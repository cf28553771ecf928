import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DriverContext } from '../../src/core/replacement.ts';
import { command } from '../../src/replace/command/driver.ts';
import { callHook } from '../../src/replace/hook.ts';
import { print } from '../../src/replace/print/driver.ts';
import { describeDriver, type Provider } from './contract.ts';
import { item, permitOf } from './make.ts';

/** Keeps machines as files; does each key once; says "running" twice. */
const PROGRAM = `import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
const [dir, verb] = process.argv.slice(2);
const { action, key, target } = JSON.parse(readFileSync(0, 'utf8'));
const keep = process.argv[4] === 'keep';
if (action !== verb) process.exit(9);
if (existsSync(dir + '/throttle')) { rmSync(dir + '/throttle'); console.error('slow down'); process.exit(75); }
const job = dir + '/jobs/' + key;
if (verb === 'start') {
  if (existsSync(job)) process.exit(0);
  const old = dir + '/machines/' + target.identity;
  if (!existsSync(old)) { console.error('that machine is gone'); process.exit(1); }
  writeFileSync(dir + '/changes', 'x', { flag: 'a' });
  if (keep) writeFileSync(dir + '/machines/new-' + target.identity, '');
  else renameSync(old, dir + '/machines/new-' + target.identity);
  writeFileSync(job, '');
} else if (verb === 'retire') {
  rmSync(dir + '/machines/' + target.identity, { force: true });
} else {
  if (!existsSync(job)) process.exit(1);
  const asked = readFileSync(job, 'utf8').length;
  if (asked < 2) writeFileSync(job, 'x', { flag: 'a' });
  console.log(JSON.stringify(asked < 2 ? { state: 'running', detail: 'launching' } : { state: 'done', uri: 'ssh://root@new', hostKeys: ['ssh-ed25519 AAAA'] }));
}
`;
const context: DriverContext = {
  signal: new AbortController().signal,
  env: { PATH: process.env['PATH'] },
  secret: async () => 's',
};

describeDriver('command', command, () => provider(), { refused: true });
describeDriver('command that retires', command, () => provider('keep'), { refused: true });

async function provider(...more: 'keep'[]): Promise<Provider> {
  const dir = mkdtempSync(join(tmpdir(), 'snowfence-command-'));
  const { mkdirSync } = await import('node:fs');
  for (const name of ['machines', 'jobs']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'program.mjs'), PROGRAM);
  const argv = (verb: string) => [process.execPath, join(dir, 'program.mjs'), dir, verb, ...more];
  let number = 0;
  return {
    settings: {
      ...{ start: argv('start'), poll: argv('poll') },
      ...(more.length > 0 ? { retire: argv('retire') } : {}),
    },
    context,
    async launch() {
      const identity = `m-${++number}`;
      writeFileSync(join(dir, 'machines', identity), '');
      return item(`web-${number}`, { identity });
    },
    alive: async () => readdirSync(join(dir, 'machines')),
    async changes() {
      try {
        return readFileSync(join(dir, 'changes')).length;
      } catch {
        return 0;
      }
    },
    async vanish({ identity }) {
      rmSync(join(dir, 'machines', identity));
    },
    async throttle() {
      writeFileSync(join(dir, 'throttle'), '');
    },
    close: async () => rmSync(dir, { recursive: true, force: true }),
  };
}

it('print does nothing, and says what a person has to do', async () => {
  expect(print.plan(item('a'), {})).toEqual({
    calls: [expect.stringContaining('a person launches a new instance of web:42')],
  });
  const session = await print.open({}, context);
  const permit = permitOf({ instance: 'a', uri: 'ssh://root@a' });
  expect(await session.poll(await session.start(permit), permit)).toMatchObject({
    state: 'done',
    successor: { uri: 'ssh://root@a' },
  });
});

describe('a program of the configuration', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'snowfence-hook-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const call = (argv: string[], more = {}, by = context) => callHook({ command: argv, ...more }, { hook: 'drain' }, by);

  it('is started without a shell: its arguments are what they are', async () => {
    const odd = ['a b', '$(id)', ';ls', '"', '*'];
    expect(await call([process.execPath, '-p', 'JSON.stringify(process.argv.slice(1))', '--', ...odd])).toEqual({
      said: JSON.stringify(odd),
    });
  });

  it('gets its document on standard input', async () => {
    expect(await call(['cat'])).toEqual({ said: '{"hook":"drain"}' });
  });

  it('may leave its input alone, and may say nothing', async () => {
    expect(await call(['true'])).toEqual({});
  });

  it.each<[string, string[], RegExp, boolean]>([
    [
      'fails with what it said last',
      ['sh', '-c', 'echo first >&2; echo "no \\033[2Jway" >&2; exit 3'],
      /ended with exit code 3: no .*way/,
      false,
    ],
    ['may ask for another try', ['sh', '-c', 'exit 75'], /ended with exit code 75/, true],
    ['may be ended by a signal', ['sh', '-c', 'kill -9 $$'], /SIGKILL/, false],
    ['may not be there', ['/nonexistent/program'], /cannot be started/, false],
  ])('%s', async (_, argv, says, transient) => {
    const error = await call(argv).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'ReplaceError', message: expect.stringMatching(says), transient });
    expect(String(error)).not.toContain('\x1b');
  });

  it('is ended with all that it started when its time is over, whatever they think of it', async () => {
    const mark = join(dir, 'alive');
    const stubborn = `trap "" TERM INT; (trap "" TERM INT; while :; do date +%s%N >${mark}; sleep 0.05; done) & wait`;
    await expect(call(['sh', '-c', stubborn], { timeoutSeconds: 0.5 })).rejects.toThrow(/took more than 0.5 s/);
    const read = () => readFileSync(mark, 'utf8');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const last = read();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(read()).toBe(last);
  });

  it('is interrupted with us, and holds nobody up who keeps its pipes', async () => {
    const stop = new AbortController();
    const waiting = call(['sleep', '60'], {}, { ...context, signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toThrow(/interrupted/);
    const started = performance.now();
    await call(['sh', '-c', 'setsid sleep 20 & exit 0']);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('may say without end: what is kept is bounded', async () => {
    const { said } = (await call(['sh', '-c', 'yes | head -c 3000000'])) as { said: string };
    expect(said.length).toBeLessThanOrEqual(2000);
  });
});
