import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/core/errors.ts';
import { parsePax } from '../../../src/manifest/image/pax.ts';
import { parseTarHeader } from '../../../src/manifest/image/tar-header.ts';
import { TarReader } from '../../../src/manifest/image/tar-reader.ts';
import { tarOf } from './make.ts';

/** Everything the reader gives for these chunks, as text. */
function readAll(chunks: Buffer[]): string[] {
  const seen: string[] = [];
  const reader = new TarReader('test.tar', (entry) => {
    const parts: Buffer[] = [];
    return {
      write: (chunk) => parts.push(Buffer.from(chunk)),
      end: () => seen.push(`${entry.flag} ${entry.name} ${entry.linkname} ${Buffer.concat(parts)}`),
    };
  });
  for (const chunk of chunks) reader.write(chunk);
  reader.end();
  return seen;
}

const archive = await tarOf([
  { name: 'd/' },
  { name: `${'n'.repeat(300)}`, content: 'long' },
  { name: 'big', content: 'b'.repeat(1500) },
  { name: 'empty' },
  { name: 'l', linkname: 't'.repeat(200) },
  { name: 'exact', content: 'e'.repeat(512) },
]);

describe('TarReader', () => {
  it('gives the same wherever the chunks are cut', () => {
    const whole = readAll([archive]);
    expect(whole).toHaveLength(6);
    expect(whole[1]).toBe(`0 ${'n'.repeat(300)}  long`);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1200 }), { minLength: 1 }), (sizes) => {
        const chunks: Buffer[] = [];
        for (let at = 0, i = 0; at < archive.length; i++) {
          const size = sizes[i % sizes.length] as number;
          chunks.push(archive.subarray(at, at + size));
          at += size;
        }
        expect(readAll(chunks)).toEqual(whole);
      }),
    );
  });

  it('says that an archive is cut, wherever it is cut inside an entry', () => {
    const end = archive.length - 1024;
    for (let at = 1; at < end; at += 97) {
      if (at % 512 === 0) continue;
      expect(() => readAll([archive.subarray(0, at)])).toThrow(/test\.tar is cut: it ends after \d+ bytes/);
    }
    expect(readAll([archive.subarray(0, end)])).toHaveLength(6); // only the two empty blocks are missing: common
  });

  it('says where and what it saw instead of a header', () => {
    const text = Buffer.from('#!/bin/sh\n'.repeat(100));
    expect(() => readAll([text])).toThrow(/test\.tar is no tar archive: at byte 0 .* 23212f62696e2f73680a23212f62696e/);
    const broken = Buffer.from(archive);
    broken[600] = 1;
    expect(() => readAll([broken])).toThrow(/at byte 512 /);
  });

  it('reads nothing after the end of the archive', () => {
    expect(readAll([archive, Buffer.from('rubbish')])).toHaveLength(6);
  });

  it('never throws anything but a UserError', () => {
    const flip = fc.record({ at: fc.nat(archive.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(flip, { maxLength: 5 }), fc.boolean(), (flips, mend) => {
        const bytes = Buffer.from(archive);
        for (const { at, to } of flips) bytes[at] = to;
        if (mend) for (let at = 0; at + 512 <= bytes.length; at += 512) mendChecksum(bytes.subarray(at, at + 512));
        try {
          readAll([bytes]);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function mendChecksum(block: Buffer): void {
  if (!block.subarray(257, 262).equals(Buffer.from('ustar'))) return;
  block.write('        ', 148);
  block.write(
    `${block
      .reduce((all, byte) => all + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
}

describe('parseTarHeader', () => {
  it('reads sizes over 8 GiB in base 256', () => {
    const block = Buffer.from(archive.subarray(0, 512));
    block.fill(0, 124, 136);
    block[124] = 0x80;
    block.writeUIntBE(20 * 2 ** 30, 130, 6);
    mendChecksum(block);
    expect(parseTarHeader(block)?.size).toBe(20 * 2 ** 30);
  });
});

describe('parsePax', () => {
  it('keeps bytes, NUL and newline in values', () => {
    const value = '\x01\x00\xff\n=\n';
    const record = ` a.b=${value}\n`;
    const content = Buffer.from(`${record.length + 2}${record}7 c=\xe9\xff\n`, 'latin1');
    expect(parsePax(content)).toEqual(
      new Map([
        ['a.b', value],
        ['c', '\xe9\xff'],
      ]),
    );
  });

  it.each(['x', '5', '9 a=b\n', '5 a=b\n', '6 ab\n', '6 a=b', '-6 a=b\n', '0 a=b\n'])('%j is malformed', (text) => {
    expect(parsePax(Buffer.from(text))).toBeUndefined();
  });
});
