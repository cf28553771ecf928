import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { Frame } from '../../src/collect/frames.ts';
import { probes } from '../../src/collect/registry.ts';
import { readAnswer } from '../../src/collect/run.ts';
import { Draft } from '../../src/core/draft.ts';
import type { Answer } from '../../src/core/ports.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { owners } from './fixture-owners.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const all = Object.values(probes);

/** Numbers that look like chance and are the same in each run (xorshift32). */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** The bytes cut at so many places and flipped in so many; all different, the same in each run. */
function* harmed(bytes: Buffer, times: number): Generator<Buffer> {
  const next = chance(0x5eed);
  for (let i = 0; i < times; i++) {
    yield bytes.subarray(0, Math.floor((bytes.length * i) / times));
    const flipped = Buffer.from(bytes);
    for (let n = next(8); n >= 0; n--) {
      const at = next(bytes.length);
      flipped[at] = (flipped[at] ?? 0) ^ (1 + next(255));
    }
    yield flipped;
  }
}

function filesBelow(directory: string): string[] {
  return readdirSync(join(fixtures, directory)).flatMap((name) => {
    const path = posix.join(directory, name);
    return statSync(join(fixtures, path)).isDirectory() ? filesBelow(path) : [path];
  });
}

const files = filesBelow('');
const ownerOf = (path: string) => owners.find(({ under }) => path.startsWith(under));

it('every fixture has an owner, and every owner a fixture', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((path) => ownerOf(path) === undefined)).toEqual([]);
  expect(owners.filter(({ under }) => !files.some((path) => path.startsWith(under)))).toEqual([]);
});

const parsed = files.filter((path) => ownerOf(path)?.parse !== undefined);

it.each(parsed)('%s, cut and flipped, is read without a throw and yields no more than its bytes', (path) => {
  const raw = readFileSync(join(fixtures, path));
  const bytes = path.endsWith('.gz') ? gunzipSync(raw) : raw;
  const read = ownerOf(path)?.parse as (bytes: Buffer, path: string) => unknown;
  const times = Math.max(10, Math.min(120, Math.floor(4e6 / bytes.length)));
  for (const one of harmed(bytes, times)) {
    const size = JSON.stringify(read(one, `/${path.split('/').slice(2).join('/')}`) ?? null).length;
    expect(size).toBeLessThan(20_000 + bytes.length * 40);
  }
});

const answer = gunzipSync(readFileSync(join(fixtures, 'hostile/answer.gz')));
const scope = { root: '/', mode: 'live', since: 0 } as const;
const read = (stdout: Buffer, ended: Answer['ended'] = 'exit') => {
  const draft = readAnswer({ stdout, stderr: '', exitCode: ended === 'exit' ? 0 : null, ended }, all, scope);
  return { draft, live: buildFingerprint(draft) };
};
const names = (stream: Buffer | undefined) => (stream?.toString('latin1') ?? '').split('\n').length;

it('the answer of a real server is read to its end', () => {
  const { draft, live } = read(answer);
  expect([draft.gaps, live.partial]).toEqual([[], []]);
  expect([names(live.files) > 1000, names(live.packages) > 50, (live.processes?.length ?? 0) > 1]).toEqual([
    true,
    true,
    true,
  ]);
});

it('cut anywhere it says that it is not whole, whatever the server says of its end', () => {
  const end = answer.lastIndexOf('\0E files\0', undefined, 'latin1') + 9;
  for (let i = 0; i < 220; i++) {
    const at = Math.floor((end * i) / 220);
    for (const ended of ['cut', 'exit'] as const) {
      const { draft } = read(answer.subarray(0, at), ended);
      expect(draft.gaps.length, `cut at ${at}`).toBeGreaterThan(0);
      expect(draft.partial.has('files'), `cut at ${at}`).toBe(true);
      // What came whole before the cut is known; every other probe is marked.
      for (const { name } of all)
        if (answer.indexOf(`\0E ${name}\0`, 0, 'latin1') + name.length + 4 > at)
          expect([at, name, draft.partial.has(name)]).toEqual([at, name, true]);
    }
  }
}, 120_000);

it('flipped anywhere it is read without a throw', () => {
  for (const one of harmed(answer, 100)) {
    const { live } = read(one);
    expect(live.files.length).toBeLessThan(answer.length * 4);
  }
}, 120_000);

it('each probe reads its own part of it cut and flipped, and that of every other', () => {
  for (const probe of all) {
    const mark = `\0B ${probe.name}\0`;
    const from = answer.indexOf(mark, 0, 'latin1') + mark.length;
    const part = answer.subarray(from, answer.indexOf(`\0E ${probe.name}\0`, from - 1, 'latin1') + 1);
    for (const one of harmed(part, part.length > 1e6 ? 6 : 30))
      for (const reader of part.length > 1e6 ? [probe] : all) reader.parse(new Frame(reader.name, one), new Draft('/'));
  }
}, 120_000);
