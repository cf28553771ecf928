import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hello, splitFrames, unpacked } from '../../src/collect/frames.ts';
import { inputOf } from '../../src/collect/run.ts';
import type { Ask } from '../../src/core/ask.ts';
import { program, shells } from './shells.ts';
import { plant, type Scratch, scratch } from './tree.ts';

const ask: Ask = {
  ...{ depth: 'full', scratch: 'memory', largestFile: 0, mostBytes: 0, cpuShare: 100, remember: true },
  salt: '0123456789abcdef',
};

let dir: Scratch;
let mark: string;
let count = 0;
beforeEach(() => {
  dir = scratch('watch');
  mark = `SNOWFENCE_TEST_MARK=${process.pid}-${count++}`;
  plant(dir.path, { 'etc/hostname': 'x\n' });
  // Sparse: takes no room, but minutes to hash.
  const file = openSync(join(dir.path, 'big'), 'w');
  ftruncateSync(file, 64 * 2 ** 30);
  closeSync(file);
});
afterEach(() => {
  for (const pid of ours()) process.kill(pid, 'SIGKILL');
  dir.remove();
});

/** Everything that was started with this test's mark in its environment, children of children too. */
function ours(): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark) ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}

/** Scratch directories of programs of this test. */
const left = (pids: number[]) =>
  readdirSync('/dev/shm').filter((name) => pids.some((pid) => name.startsWith(`.snowfence-${pid}-`)));

/** Does one of them have the long file open? */
function hashing(): boolean {
  return ours().some((pid) => {
    try {
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      return open.includes(join(dir.path, 'big'));
    } catch {
      return false;
    }
  });
}

/** Starts the program by these words and waits until it hashes the long file. `said` grows with its answer. */
async function midway(words: string[], asked: Ask): Promise<{ child: ChildProcess; pids: number[]; said: Buffer[] }> {
  const [command = '', ...args] = words;
  const [name = '', value = ''] = mark.split('=');
  const child = spawn(command, [...args, '-s', '--', dir.path, 'offline', '0'], {
    detached: true,
    env: { ...process.env, [name]: value },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin?.on('error', () => {});
  child.stdin?.write(program);
  child.stdout?.once('data', (chunk: Buffer) => {
    expect(chunk.includes(hello)).toBe(true);
    child.stdin?.end(inputOf(asked).bytes);
  });
  const said: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => said.push(chunk));
  await expect.poll(hashing, { timeout: 20_000, interval: 50 }).toBe(true);
  const pids = ours();
  // busybox ash runs its own applets, whose find cannot print what the walk by buckets needs.
  if (asked.scratch === 'memory' && !words.includes('busybox')) expect(left(pids)).toHaveLength(1);
  return { child, pids, said };
}

async function nothingIsLeft(pids: number[]): Promise<void> {
  await expect.poll(() => [ours(), left(pids)], { timeout: 15_000, interval: 100 }).toEqual([[], []]);
}

/** Runs a shell as sshd does: a child that is not waited for when its parent goes. */
const below = (shell: string[]) => ['/bin/sh', '-c', 'exec 4<&0; "$@" <&4 & wait', 'sh', ...shell];

describe.each(shells.filter(({ missing }) => !missing))('under $name', ({ name, command }) => {
  const signals = name === 'dash' ? (['SIGTERM', 'SIGKILL', 'SIGHUP'] as const) : (['SIGKILL'] as const);

  it.each(['memory', 'none'] as const)('ends when its parent is gone (scratch: %s)', async (where) => {
    const { child, pids } = await midway(below(command), { ...ask, scratch: where });
    process.kill(child.pid ?? 0, 'SIGKILL');
    await nothingIsLeft(pids);
  });

  it('ends when its time is up', async () => {
    const { pids } = await midway(command, { ...ask, seconds: 3 });
    await nothingIsLeft(pids);
  });

  it.each(signals)('leaves nothing when the shell alone gets %s', async (signal) => {
    const { child, pids } = await midway(command, ask);
    process.kill(child.pid ?? 0, signal);
    await nothingIsLeft(pids);
  });

  it.each(signals)('leaves nothing when all of it gets %s', async (signal) => {
    const { child, pids } = await midway(command, ask);
    process.kill(-(child.pid ?? 0), signal);
    await nothingIsLeft(pids);
  });
});

it('has answered all other questions by the time the long walk is cut', async () => {
  const { child, pids, said } = await midway(['/bin/sh'], ask);
  const answered = () => unpacked(Buffer.concat(said)).toString('latin1').includes('\0E contents\0');
  await expect.poll(answered, { timeout: 20_000, interval: 50 }).toBe(true);
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  const { frames, broken } = splitFrames(Buffer.concat(said), ['os', 'contents', 'files']);
  expect(frames.get('contents')?.records()).toContain(`${join(dir.path, 'etc/hostname')}:x\n`);
  expect([...broken]).toEqual([['files', { reason: 'cut', detail: expect.any(String) }]]);
  await nothingIsLeft(pids);
});

it('leaves no process behind when it comes to its end', async () => {
  plant(dir.path, { 'usr/bin/tool': 'x' });
  const [name = '', value = ''] = mark.split('=');
  const child = spawn('/bin/sh', ['-s', '--', dir.path, 'offline', '0'], {
    env: { ...process.env, [name]: value },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.write(program);
  child.stdout.once('data', () => child.stdin.end(inputOf({ ...ask, largestFile: 1000 }).bytes));
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  await new Promise((resolve) => child.once('exit', resolve));
  await expect.poll(ours, { timeout: 1500, interval: 20 }).toEqual([]);
  expect(Buffer.concat(said).toString('latin1')).toMatch(/\0Z\0$/);
});
