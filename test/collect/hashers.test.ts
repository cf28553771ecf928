import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { probes } from '../../src/collect/registry.ts';
import { collect } from '../../src/collect/run.ts';
import type { Ask } from '../../src/core/ask.ts';
import type { Fingerprint } from '../../src/core/facts.ts';
import { bucketsOf, endsByCounts, partOdd } from '../../src/fingerprint/buckets.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { privileged } from '../../src/fingerprint/privileged.ts';
import { lookup } from '../../src/fingerprint/stream.ts';
import { processSession } from '../../src/transport/process.ts';
import { shells } from './shells.ts';
import { plant, type Scratch, scratch } from './tree.ts';

// A gigabyte and a half is hashed twice, beside whatever else runs here.
vi.setConfig({ testTimeout: 120_000 });

const limits = { connectMs: 5000, idleMs: 90_000, totalMs: 120_000, maxBytes: 1 << 28 };
const mebibyte = 2 ** 20;
const full: Ask = {
  ...{ depth: 'full', scratch: 'memory', largestFile: 0, mostBytes: 0, cpuShare: 100, remember: true },
  salt: '0011223344556677',
};

type Change = (program: string) => string;

/** One place of the program replaced, which must be there. */
const replaced =
  (from: string, to: string): Change =>
  (program) => {
    expect(program).toContain(from);
    return program.replace(from, () => to);
  };

/** Reads with the program as it is, or changed. */
async function read(root: string, ask: Ask, change: Change = (program) => program): Promise<Fingerprint> {
  const session = processSession(false, limits, new AbortController().signal);
  const run: typeof session.run = (program, ...rest) => session.run(change(program), ...rest);
  const draft = await collect(
    { ...session, run },
    Object.values(probes),
    { root, mode: 'offline', since: 0 },
    undefined,
    ask,
  );
  await session.close();
  return buildFingerprint(draft);
}

/** Which process has this file open, once one has. */
async function opener(path: string): Promise<number> {
  const found = () =>
    readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .find((pid) => {
        try {
          return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path);
        } catch {
          return false;
        }
      });
  await expect.poll(found, { timeout: 30_000, interval: 10 }).toBeDefined();
  return Number(found());
}

/** Sparse: takes no room, but seconds to hash. */
function long(path: string, mebibytes: number): void {
  const file = openSync(path, 'w');
  ftruncateSync(file, mebibytes * mebibyte);
  closeSync(file);
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const gapsOf = (live: Fingerprint) => live.gaps.filter(({ probe }) => probe === 'files');

let dir: Scratch;
/** More than a thousand files: a machine with two processors uses both hashers. */
const name = (i: number) => `opt/${String(i).padStart(4, '0')}`;
const most = 1500;
beforeEach(() => {
  dir = scratch('hashers');
  plant(dir.path, Object.fromEntries(Array.from({ length: most }, (_, i) => [name(i), `text ${i}`])));
});
afterEach(() => dir.remove());

/** The names whose digest is not that of their text. */
const wrong = (live: Fingerprint) =>
  Array.from({ length: most }, (_, i) => i)
    .filter((i) => lookup(live.files, `/${name(i)}`)?.split(' ')[5] !== sha256(`text ${i}`))
    .map((i) => `/${name(i)}`);

describe('a file that is something else by the time it is hashed', () => {
  // Whether root might read it is not known to anybody else.
  const unreadable = process.getuid?.() === 0 ? 'unreadable' : 'permission';
  const victim = `/${name(700)}`;
  const swaps: [string, (path: string) => void][] = [
    ['a pipe that nobody writes to', (path) => [unlinkSync(path), execFileSync('mkfifo', [path])]],
    ['a link to a device without end', (path) => [unlinkSync(path), symlinkSync('/dev/zero', path)]],
    ['larger than the limit', (path) => truncateSync(path, 2 ** 42)],
  ];

  it.each(swaps)('%s: is unknown, and all others are hashed', async (_what, swap) => {
    const big = join(dir.path, 'opt/0000-big');
    long(big, 1500);
    const done = read(dir.path, { ...full, largestFile: 1600 * mebibyte });
    await opener(big);
    swap(join(dir.path, victim));
    const live = await done;
    expect(wrong(live)).toEqual([victim]);
    expect(lookup(live.files, victim)).toMatch(/^f \d+ \d+ \d+ \d+ \? /);
    expect(gapsOf(live)).toMatchObject([{ reason: unreadable, paths: [victim] }]);
    expect(live.partial).toEqual([]);
    expect([...(live.changing ?? [])]).toEqual([victim]);
  });
});

it('files are hashed again when their hasher is ended in the middle', async () => {
  const big = join(dir.path, 'opt/0700-big');
  long(big, 1500);
  const done = read(dir.path, full);
  process.kill(await opener(big), 'SIGKILL');
  const live = await done;
  expect(wrong(live)).toEqual([]);
  expect(lookup(live.files, '/opt/0700-big')).toMatch(/ [0-9a-f]{64} /);
  expect(gapsOf(live)).toEqual([]);
});

it('a digest whose name is cut is not that of the shorter name', async () => {
  plant(dir.path, { 'opt/x': 'short', 'opt/x-long': 'long' });
  // The hasher does not read the one, and is ended in the middle of the name of the other, which is its last.
  const from = 'openssl) exec openssl dgst -sha256 -r "$@" ;;';
  const live = await read(
    dir.path,
    full,
    replaced(
      from,
      `openssl) openssl dgst -sha256 -r "$@" | sed -e "/x\\$/d" -e "/x-long\\$/q" | tr "\\n" @ | sed -e "s/-long@\\$//" | tr @ "\\n" ;;`,
    ),
  );
  expect(lookup(live.files, '/opt/x')).toContain(' ? ');
  expect(wrong(live)).toEqual([]);
});

it('a file that is changed between the walk and the hashing is marked', async () => {
  plant(dir.path, { 'etc/late': 'x' });
  const live = await read(dir.path, full, replaced('{ du -sk .', `echo y >>"$R/etc/late"\n{ du -sk .`));
  expect([...(live.changing ?? [])]).toEqual(['/etc/late']);
});

it.each([
  ['does not do where a disk fails', 'I/O error', false],
  ['does where a directory is closed, whatever its name', 'Out of memory: Permission denied', true],
])('the walk by buckets %s', async (_, says, by) => {
  const said = replaced(' 2>errors\n', ` 2>errors; echo 'find: /x: ${says}' >>errors\n`);
  const live = await read(dir.path, full, said);
  expect([live.reading?.sweep !== undefined, wrong(live)]).toEqual([by, []]);
});

it('quick: a single file that is not what it was is told, although its bucket cannot be hashed', async () => {
  for (const i of [5, 600]) chmodSync(join(dir.path, name(i)), 0o4755);
  const before = await read(dir.path, full);
  const { plain } = partOdd(before.files);
  const { counts, digests } = before.reading?.sweep ?? { counts: [], digests: [] };
  const ends = endsByCounts(plain, counts) ?? [];
  expect(bucketsOf(plain).ends).toEqual(ends);
  // Another content under the same stat: what a forged clock would leave.
  const stream = Buffer.from(plain.toString('latin1').replace(sha256('text 600'), '0'.repeat(64)), 'latin1');
  const expected = { stream, ends, digests, modified: new Map(), checks: privileged(stream, ends) };
  const live = await read(
    dir.path,
    { ...full, depth: 'quick', expected },
    replaced('sh -c "$SF_SUMS" sh <again', 'true <again'),
  );
  expect(lookup(live.files, `/${name(600)}`)).toContain(sha256('text 600'));
});

it.each(shells.filter(({ missing }) => !missing))(
  'every digest is right where $name is the shell of all that is called',
  async ({ command: [shell = '', ...words] }) => {
    const own = scratch('shell');
    const path = execFileSync('sh', ['-c', 'command -v "$1"', 'sh', shell], { encoding: 'utf8' }).trim();
    symlinkSync(path, join(own.path, 'sh'));
    const file = join(own.path, 'program');
    const live = await read(dir.path, full, (program) => {
      writeFileSync(file, replaced('PATH=/usr/sbin:', `PATH=${own.path}:/usr/sbin:`)(program));
      return `exec ${[shell, ...words].join(' ')} '${file}' "$@"\n`;
    });
    own.remove();
    expect(wrong(live)).toEqual([]);
    expect(gapsOf(live)).toEqual([]);
    expect(live.partial).toEqual([]);
  },
);
