import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { question } from '../../src/collect/files/question.ts';
import { escapeName } from '../../src/core/bytes.ts';
import {
  bucketsOf,
  contentDigests,
  cutsBehind,
  endsByCounts,
  longestBucket,
  partOdd,
} from '../../src/fingerprint/buckets.ts';
import { decodeDelta, encodeDelta } from '../../src/fingerprint/delta.ts';
import { privileged } from '../../src/fingerprint/privileged.ts';
import { encodeLines, mergeStreams } from '../../src/fingerprint/stream.ts';
import { awks } from '../collect/shells.ts';

const value = 'f 644 0 0 1 2222 -';
const streamOf = (names: string[]) => encodeLines(names.map((name) => `${escapeName(name)}\0${value}`));
/** Paths as latin1; odd ones among them. */
const path = fc
  .array(fc.string({ unit: fc.constantFrom(...'abcxyz019-_. \\\n\x7f\xe9\xff'), minLength: 1, maxLength: 12 }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => `/${parts.join('/')}`);
const tree = fc.uniqueArray(path, { maxLength: 60 });

describe('the cut', () => {
  const here = awks.filter(({ missing }) => !missing);

  it.each([...here, { name: 'awk', command: ['awk'] }])(
    'is the same here and in $name, as the program has it',
    (awk) => {
      const [file = '', ...rest] = awk.command;
      const table = /SF_TABLE='([^']*)'/.exec(question)?.[1];
      const sum = /SF_CUT='([^']*)'/.exec(question)?.[1];
      expect(table && sum).toBeTruthy();
      const text = [...'abcdefghijklmnopqrstuvwxyz0123456789-_.+:@ \xc3\xa9\xff'];
      const paths = Array.from({ length: 5000 }, (_, i) => {
        const length = 1 + ((i * 7919) % 90);
        return `/${Array.from({ length }, (_x, k) => text[(i * 31 + k * k * 17 + k * i) % text.length]).join('')}`;
      });
      const { stdout, error } = spawnSync(file, [...rest, `BEGIN{${table}}{p=$0;${sum};print (h==0)}`], {
        input: Buffer.from(`${paths.join('\n')}\n`, 'latin1'),
        env: { ...process.env, LC_ALL: 'C' },
      });
      expect(error).toBeUndefined();
      const ours = paths.map((p) => (cutsBehind(Buffer.from(p, 'latin1'), 0, p.length) ? '1' : '0'));
      expect(stdout.toString().trim().split('\n')).toEqual(ours);
      expect(ours.filter((cut) => cut === '1').length).toBeGreaterThan(20);
    },
  );

  it('makes buckets that hold every plain line once, in order, none too long', () => {
    fc.assert(
      fc.property(tree, (names) => {
        const stream = streamOf(names);
        const { stream: plain, ends } = bucketsOf(stream);
        const { odd } = partOdd(stream);
        expect(mergeStreams(plain, odd).equals(stream)).toBe(true);
        expect(ends).toEqual([...ends].sort((a, b) => a - b));
        expect(ends.at(-1) ?? 0).toBe(plain.length);
        for (const line of plain.toString('latin1').split('\n')) expect(line).not.toMatch(/[\x01-\x1f\x7f\\]/);
      }),
    );
    const many = streamOf(
      Array.from({ length: 5000 }, (_, i) => `/same/${'x'.repeat(20)}${String(i).padStart(6, '0')}`),
    );
    const { ends } = bucketsOf(many);
    const lines = ends.map(
      (end, i) =>
        many
          .subarray(ends[i - 1] ?? 0, end)
          .toString()
          .split('\n').length - 1,
    );
    expect(Math.max(...lines)).toBeLessThanOrEqual(longestBucket);
    expect(endsByCounts(many, lines)).toEqual(ends);
    expect(endsByCounts(many, [...lines, 1])).toBeUndefined();
  });

  it('moves nowhere else when an entry comes: all digests but one or two stay', () => {
    const names = Array.from({ length: 3000 }, (_, i) => `/usr/share/doc/package-${(i * 7919) % 3000}/copyright`);
    const before = contentDigests(bucketsOf(streamOf(names)), 'salt');
    const after = contentDigests(bucketsOf(streamOf([...names, '/usr/share/doc/evil/copyright'])), 'salt');
    expect(before.length).toBeGreaterThan(10);
    expect(after.filter((digest) => !before.includes(digest)).length).toBeLessThanOrEqual(2);
    expect(contentDigests(bucketsOf(streamOf(names)), 'other').some((digest) => before.includes(digest))).toBe(false);
  });
});

describe('a delta', () => {
  it('gives the stream again, whatever the base is', () => {
    fc.assert(
      fc.property(tree, tree, (a, b) => {
        const [base, stream] = [
          bucketsOf(streamOf(a)),
          partOdd(streamOf([...a, ...b.filter((x) => !a.includes(x))])).plain,
        ];
        expect(decodeDelta(encodeDelta(stream, base), base).equals(stream)).toBe(true);
        expect(decodeDelta(encodeDelta(base.stream, base), base).equals(base.stream)).toBe(true);
      }),
    );
  });

  it('is small where most is shared, and refuses another base', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `/usr/lib/${(i * 7919 + 13) ** 3}/file-${(i * 31) ** 2}.so`);
    const base = bucketsOf(streamOf(names));
    const delta = encodeDelta(streamOf([...names, '/usr/lib/one-more']), base);
    expect(delta.length).toBeLessThan(base.stream.length / 20);
    expect(() => decodeDelta(delta, bucketsOf(streamOf(['/only'])))).toThrow();
  });
});

it('finds set-id files and those with capabilities by bucket and line', () => {
  const sha = '2'.repeat(64);
  const stream = encodeLines([
    `/a\0f 4755 0 0 1 ${sha} -`,
    `/b\0f 755 0 0 1 ${sha} -`,
    `/c\0f 755 0 0 1 ${sha} 0100000200`,
    '/d\0l 777 0 0 - - - 4755',
    '/e\0d 2755 0 0 - - -',
    `/f\0f 2755 0 0 1 ${sha} -`,
    `/g\0f 4755 0 0 1 ${sha} -`,
    '/h\0f 4755 0 0 1 ? -',
  ]);
  const lines: number[] = [];
  for (let at = stream.indexOf(10); at >= 0; at = stream.indexOf(10, at + 1)) lines.push(at + 1);
  expect([...privileged(stream, [lines[1] ?? 0, lines[4] ?? 0, lines[7] ?? 0])]).toEqual([
    [0, [{ line: 1, sha256: sha }]],
    [1, [{ line: 1, sha256: sha }]],
    [
      2,
      [
        { line: 1, sha256: sha },
        { line: 2, sha256: sha },
      ],
    ],
  ]);
});
