import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBuckets } from '../../src/collect/files/buckets.ts';
import { FileAnswer } from '../../src/collect/files/parse.ts';
import { probes } from '../../src/collect/registry.ts';
import { collect, inputOf } from '../../src/collect/run.ts';
import type { Ask, Buckets } from '../../src/core/ask.ts';
import type { Fingerprint } from '../../src/core/facts.ts';
import type { Session } from '../../src/core/ports.ts';
import { bucketsOf, contentDigest, contentDigests, endsByCounts, partOdd } from '../../src/fingerprint/buckets.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { privileged } from '../../src/fingerprint/privileged.ts';
import { lookup } from '../../src/fingerprint/stream.ts';
import { hashTotals } from '../../src/fingerprint/totals.ts';
import { processSession } from '../../src/transport/process.ts';
import { limits, plainAsk, salt } from './asking.ts';
import { program } from './shells.ts';
import { plant, plantOddTree, type Scratch, scratch } from './tree.ts';

/** Scratch directories of this file's own programs: others scan on this machine too. */
const prefix = `.snowfence-test${process.pid}-`;

/** The program with that name for its scratch directory; the only change. */
function marked(text: string): string {
  const name = '/dev/shm/.snowfence-';
  if (!text.includes(name)) throw new Error('the program names its scratch directory in another way');
  return text.replaceAll(name, `/dev/shm/${prefix}`);
}

/** A session whose program's scratch directory can be told from others. */
function markedSession(): Session {
  const session = processSession(false, limits, new AbortController().signal);
  return { ...session, run: (text, ...rest) => session.run(marked(text), ...rest) };
}

async function read(root: string, ask?: Ask): Promise<Fingerprint> {
  const session = markedSession();
  const args = { root, mode: 'offline', since: 0 } as const;
  try {
    return buildFingerprint(await collect(session, Object.values(probes), args, undefined, ask));
  } finally {
    await session.close();
  }
}

/** Names as different as those of packages are: where buckets are cut depends on them. */
const pack = (i: number) => `usr/share/doc/${((i + 3) * 7919) ** 3}-${(i * 31) ** 2}`;
const leftovers = () => readdirSync('/dev/shm').filter((name) => name.startsWith(prefix));

/** What a later scan expects of these files, in full or quickly. */
function expecting(before: Fingerprint, depth: 'full' | 'quick'): Ask {
  if (depth === 'full') {
    const buckets = bucketsOf(before.files);
    return { ...plainAsk, expected: { ...buckets, digests: contentDigests(buckets, salt), modified: new Map() } };
  }
  const stream = partOdd(before.files).plain;
  const { counts, digests } = before.reading?.sweep ?? { counts: [], digests: [] };
  return {
    ...plainAsk,
    depth,
    expected: { stream, ends: endsByCounts(stream, counts) ?? [], digests, modified: new Map() },
  };
}

const hashedIn = (stream: Buffer) => {
  const { hashed, bytes } = hashTotals(stream);
  return { files: hashed, bytes };
};
const files = (fingerprint: Fingerprint) => fingerprint.files.toString('latin1');

describe('the walk by buckets', () => {
  let dir: Scratch;
  beforeAll(() => {
    dir = scratch('buckets');
    plantOddTree(dir.path);
    for (let i = 0; i < 600; i++) plant(dir.path, { [`${pack(i)}/copyright`]: `text ${i}\n` });
  });
  afterAll(() => dir.remove());

  it('sees exactly what the other walk sees, odd names too, and leaves nothing in memory', async () => {
    const [plain, buckets] = [await read(dir.path), await read(dir.path, plainAsk)];
    expect(files(buckets)).toBe(files(plain));
    expect(buckets.gaps).toEqual(plain.gaps);
    expect([...(buckets.inodes?.keys() ?? [])].sort()).toEqual(['/srv/hard', '/srv/original']);
    expect(new Map([...(buckets.inodes ?? [])].sort())).toEqual(new Map([...(plain.inodes ?? [])].sort()));
    expect(plain.reading?.sweep).toBeUndefined();
    expect(buckets.reading?.sweep?.counts.reduce((a, b) => a + b, 0)).toBe(
      bucketsOf(plain.files).stream.toString('latin1').split('\n').length - 1,
    );
    expect(leftovers()).toEqual([]);
  });

  it.each(['full', 'quick'] as const)('%s: what is as expected is not sent', async (depth) => {
    const before = await read(dir.path, plainAsk);
    const again = await read(dir.path, expecting(before, depth));
    expect(files(again)).toBe(files(before));
    expect(again.gaps).toEqual(before.gaps);
    const { answerBytes = 0 } = again.reading ?? {};
    expect(answerBytes).toBeLessThan((before.reading?.answerBytes ?? 0) / 2);
    expect(again.reading?.origins.every((origin) => origin >= 0)).toBe(true);
  });

  it('quick: hashes again what stat says was touched, even with an old time, and nothing else', async () => {
    const target = join(dir.path, `${pack(77)}/copyright`);
    const before = await read(dir.path, plainAsk);
    // Same size, same mtime: only ctime and inode tell.
    execFileSync('touch', ['-r', target, join(dir.path, 'etc/reference')]);
    writeFileSync(target, 'TEXT 77\n');
    execFileSync('touch', ['-r', join(dir.path, 'etc/reference'), target]);
    rmSync(join(dir.path, 'etc/reference'));
    const again = await read(dir.path, expecting(before, 'quick'));
    const fresh = await read(dir.path);
    expect(files(again)).toBe(files(fresh));
    expect(files(again)).not.toBe(files(before));
    const sent = again.reading?.origins.filter((origin) => origin < 0).length ?? 0;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan((again.reading?.origins.length ?? 0) / 2);
    // What it leaves is what the next quick scan builds on.
    const third = await read(dir.path, expecting(again, 'quick'));
    expect(files(third)).toBe(files(fresh));
    expect(third.reading?.origins.every((origin) => origin >= 0)).toBe(true);
  });

  it('quick: what is to be hashed again is, and is sent only where it is not what it was', async () => {
    const before = await read(dir.path, plainAsk);
    const quick = expecting(before, 'quick');
    const known = quick.expected ?? { stream: Buffer.alloc(0), ends: [], digests: [], modified: new Map() };
    const all = (buckets: Buckets) => new Map(buckets.ends.map((_, i) => [i, contentDigest(buckets, i, salt)]));
    const same = await read(dir.path, { ...quick, expected: { ...known, again: all(known) } });
    expect(files(same)).toBe(files(before));
    expect(same.reading?.origins.every((origin) => origin === -1)).toBe(true);
    expect(same.reading?.hashed).toEqual(before.reading?.hashed ?? hashedIn(known.stream));
    expect(same.reading?.sweep).toEqual(before.reading?.sweep);
    expect(same.reading?.answerBytes).toBeLessThan((before.reading?.answerBytes ?? 0) / 2);
    // Another content under the same stat: what a forged clock would leave.
    const key = `/${pack(77)}/copyright`;
    const digest = lookup(known.stream, key)?.split(' ')[5] ?? '';
    const text = known.stream.toString('latin1').replace(digest, '0'.repeat(64));
    const forged = { ...known, stream: Buffer.from(text, 'latin1') };
    const seen = await read(dir.path, { ...quick, expected: { ...forged, again: all(forged) } });
    expect(files(seen)).toBe(files(before));
    const unseen = await read(dir.path, { ...quick, expected: forged });
    expect(lookup(unseen.files, key)).toContain('0'.repeat(64));
  });

  it('quick: checks single files, and sends the bucket of one that is not what it was', async () => {
    for (const i of [5, 300, 301]) chmodSync(join(dir.path, `${pack(i)}/copyright`), 0o4755);
    const before = await read(dir.path, plainAsk);
    const quick = expecting(before, 'quick');
    const known = quick.expected ?? { stream: Buffer.alloc(0), ends: [], digests: [], modified: new Map() };
    const checks = privileged(known.stream, known.ends);
    // One is of the tree with odd names.
    expect([...checks.values()].flat()).toHaveLength(4);
    const same = await read(dir.path, { ...quick, expected: { ...known, checks } });
    expect(files(same)).toBe(files(before));
    expect(same.reading?.hashed?.files).toBe(4);
    expect(same.reading?.hashed?.bytes).toBeGreaterThan('text 5\n'.length + 2 * 'text 300\n'.length);
    expect(same.reading?.origins.every((origin) => origin >= 0)).toBe(true);
    // Another content under the same stat, of one of them.
    const digest = lookup(known.stream, `/${pack(300)}/copyright`)?.split(' ')[5] ?? '';
    const stream = Buffer.from(known.stream.toString('latin1').replace(digest, '0'.repeat(64)), 'latin1');
    const forged = { ...known, stream, checks: privileged(stream, known.ends) };
    const seen = await read(dir.path, { ...quick, expected: forged });
    expect(files(seen)).toBe(files(before));
    expect(seen.gaps).toEqual(before.gaps);
    expect(seen.reading?.origins.filter((origin) => origin < 0)).toHaveLength(1);
  });

  it.each(['full', 'quick'] as const)('%s: entries that came, went and were renamed', async (depth) => {
    const before = await read(dir.path, plainAsk);
    plant(dir.path, { 'usr/bin/evil': { text: '#!/bin/sh\n', mode: 0o4755 }, 'a/first': '1', 'zz/last': '2' });
    rmSync(join(dir.path, pack(100)), { recursive: true });
    renameSync(join(dir.path, pack(200)), join(dir.path, 'usr/share/doc/renamed'));
    mkdirSync(join(dir.path, 'empty'));
    const again = await read(dir.path, expecting(before, depth));
    expect(files(again)).toBe(files(await read(dir.path)));
    expect(lookup(again.files, '/usr/bin/evil')).toMatch(/^f 4755 /);
    expect(lookup(again.files, `/${pack(200)}/copyright`)).toBeUndefined();
    for (const name of ['usr/bin', 'a', 'zz', 'empty']) rmSync(join(dir.path, name), { recursive: true });
    renameSync(join(dir.path, 'usr/share/doc/renamed'), join(dir.path, pack(200)));
    plant(dir.path, { [`${pack(100)}/copyright`]: 'text 100\n' });
  });

  it.each(['roots/caf\u00e9/root', 'roots/new\nline/root', 'roots/back\\slash/root'])(
    'reads below a root named %j',
    async (name) => {
      const files = { 'usr/bin/tool': { text: 'x', mode: 0o755 }, 'etc/a\tb': 'y' };
      plant(
        dir.path,
        Object.fromEntries(
          Object.entries(files).map(([key, file]) => [`${Buffer.from(name).toString('latin1')}/${key}`, file]),
        ),
      );
      for (const ask of [undefined, plainAsk]) {
        const { files: stream, gaps } = await read(join(dir.path, name), ask);
        expect(stream.toString('latin1').match(/^[^\0]+/gm)).toEqual([
          '/',
          '/etc',
          '/etc/a\tb',
          '/usr',
          '/usr/bin',
          '/usr/bin/tool',
        ]);
        expect(lookup(stream, '/usr/bin/tool')).toMatch(/^f 755 \d+ \d+ 1 [0-9a-f]{64} -$/);
        expect(gaps.filter((gap) => gap.probe === 'files')).toEqual([]);
      }
      rmSync(join(dir.path, 'roots'), { recursive: true });
    },
  );

  it('metadata: hashes nothing, and says so', async () => {
    const { gaps, reading, files: stream } = await read(dir.path, { ...plainAsk, depth: 'metadata' });
    expect(reading?.depth).toBe('metadata');
    expect(stream.toString('latin1')).toContain(`/${pack(1)}/copyright\0f 644`);
    expect(gaps.find((gap) => gap.reason === 'limit')?.detail).toContain('--depth metadata');
  });

  it('does not hash what is larger than the limit, and says so', async () => {
    plant(dir.path, { 'srv/large': 'x'.repeat(5000) });
    const { gaps, files: stream } = await read(dir.path, { ...plainAsk, largestFile: 4096 });
    expect(lookup(stream, '/srv/large')).toMatch(/ 5000 \? /);
    expect(gaps.find((gap) => gap.reason === 'limit')).toMatchObject({ paths: ['/srv/large'] });
    rmSync(join(dir.path, 'srv/large'));
  });

  it('hashes no more than its budget, and says so', async () => {
    const whole = await read(dir.path, plainAsk);
    const { gaps, files: stream } = await read(dir.path, { ...plainAsk, mostBytes: 3000, cpuShare: 50 });
    const unknown = gaps.find((gap) => gap.reason === 'limit');
    expect(unknown?.detail).toMatch(/^\d+ files were not hashed: the budget of 3000 bytes ran out/);
    const hashed = stream
      .toString('latin1')
      .split('\n')
      .filter((line) => / [0-9a-f]{64} /.test(line)).length;
    expect(hashed).toBeGreaterThan(100);
    expect(hashed + (unknown?.paths?.length ?? 0)).toBe(
      files(whole)
        .split('\n')
        .filter((line) => / [0-9a-f]{64} /.test(line)).length,
    );
  });

  it('marks a file that is written while it is read', async () => {
    const busy = join(dir.path, 'var/lib/busy');
    mkdirSync(join(dir.path, 'var/lib'), { recursive: true });
    writeFileSync(busy, 'x');
    const writer = setInterval(() => appendFileSync(busy, 'x'), 1);
    const { changing } = await read(dir.path, plainAsk);
    clearInterval(writer);
    expect([...(changing ?? [])]).toEqual(['/var/lib/busy']);
    rmSync(busy);
  });

  it.each(['SIGTERM', 'SIGKILL', 'SIGHUP'] as const)(
    'leaves nothing in memory when it is ended by %s',
    async (signal) => {
      const child = spawn('/bin/sh', ['-s', '--', '/usr', 'offline', '0'], {
        detached: true,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      child.stdout.on('data', () => {});
      child.stdin.write(marked(program));
      await sleep(300);
      child.stdin.end(inputOf(plainAsk).bytes);
      try {
        for (let i = 0; i < 2000 && leftovers().length === 0; i++) await sleep(10);
        expect(leftovers()).toHaveLength(1);
        // The shell alone, as an administrator or the kernel would: the others go when they notice.
        process.kill(child.pid ?? 0, signal);
        child.stdout.destroy();
        for (let i = 0; i < 1000 && leftovers().length > 0; i++) await sleep(10);
        expect(leftovers()).toEqual([]);
      } finally {
        try {
          process.kill(-(child.pid ?? 0), 'SIGKILL');
        } catch {
          // All of it is gone already.
        }
      }
    },
    60_000,
  );
});

describe('a list of buckets', () => {
  const sha = '2'.repeat(64);
  const lines = (count: number) =>
    Array.from({ length: count }, (_, i) => `/etc/f${i}\tf 644 0 0 1 ${sha} -\t1.5 2.5 ${i + 1}\n`).join('');
  const whole = `! 3\n${lines(3)}S\n3 ${'0'.repeat(16)}\n.\n`;
  const parse = (text: string, ask: Ask = plainAsk) => readBuckets('P', Buffer.from(text, 'latin1'), ask);

  it('is read when it is whole', () => {
    expect(parse(whole)).toMatchObject({ sweep: { counts: [3] }, hashed: { files: 3, bytes: 3 } });
  });

  it('is refused when it is cut anywhere', () => {
    for (let n = 0; n < whole.length; n++) expect(() => parse(whole.slice(0, n))).toThrow();
  });

  it.each([
    ['a bucket that nobody expected', '= 1 1\n.\n'],
    ['a run without end', '= 1 999999999\n.\n'],
    ['fewer entries than said', `! 4\n${lines(3)}.\n`],
    ['more entries than said', `! 2\n${lines(3)}.\n`],
    ['an entry twice', `! 2\n${lines(1)}${lines(1)}.\n`],
    ['entries out of order', `! 2\n${lines(2).split('\n').reverse().filter(Boolean).join('\n')}\n.\n`],
    ['a relative path', `! 1\netc/f\tf 644 0 0 1 ${sha} -\t1 2 3\n.\n`],
    ['a digest that is none', '! 1\n/etc/f\tf 644 0 0 1 zz -\t1 2 3\n.\n'],
    ['a hundred million entries', '! 100000000\n.\n'],
  ])('is refused with %s', (_what, text) => {
    expect(() => parse(text)).toThrow();
  });

  it('never gives anything for garbage', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parse(`${text}\x00`)).toThrow();
      }),
    );
    expect(() => readBuckets('G', Buffer.from('no gzip'), plainAsk)).toThrow();
  });

  it('is read once: neither a length that leads back nor one list behind the other makes it be read again', () => {
    const bomb = gzipSync(Buffer.alloc(1 << 26));
    const one = Buffer.concat([Buffer.from(`G ${bomb.length}\0`), bomb]);
    const back = Buffer.from(`P -${String(one.length + 12).padStart(8, '0')}\0`);
    expect(back).toHaveLength(12);
    const good = Buffer.from(`P ${whole.length}\0${whole}`);
    const answers = [[one, back], new Array<Buffer>(2000).fill(one), new Array<Buffer>(2).fill(good), [good, back]];
    for (const parts of answers)
      expect(new FileAnswer(Buffer.concat(parts), '/', plainAsk).parse()).toMatchObject({
        complete: false,
        garbled: true,
      });
  });

  it.each([' ', '\t'])('of one line of a hundred million times %j is refused in little memory', (field) => {
    const text = `! 1\n${field.repeat(100e6)}\n.\n`;
    expect(() => parse(text)).toThrow('not a line');
    expect(() => parse(text.slice(4))).toThrow('not a line');
  });

  it('in an answer that is not whole makes all files unknown, not removed', async () => {
    const dir = scratch('cut');
    plant(dir.path, { 'etc/a': 'a' });
    const session = processSession(false, limits, new AbortController().signal);
    const liar = {
      ...session,
      run: async (...args: Parameters<typeof session.run>) => {
        const answer = await session.run(...args);
        const at = answer.stdout.indexOf('\0G ') + 60;
        answer.stdout[at] = (answer.stdout[at] ?? 0) ^ 0xff;
        return answer;
      },
    };
    const draft = await collect(
      liar,
      Object.values(probes),
      { root: dir.path, mode: 'offline', since: 0 },
      undefined,
      plainAsk,
    );
    expect([...draft.partial]).toContain('files');
    expect(draft.gaps.map((gap) => gap.probe)).toContain('files');
    await session.close();
    dir.remove();
  });
});
