import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compressionOf, decompressors } from '../../../src/manifest/image/compression.ts';
import { ZstdFrames } from '../../../src/manifest/image/zstd-frames.ts';
import { layer, scratch, sha256, treeOf } from './make.ts';

const hasZstd = typeof zlib.createZstdDecompress === 'function';
const skippable = Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 7, 0, 0, 0]), Buffer.alloc(7, 9)]);
const frames = (...parts: Buffer[]) => Buffer.concat(parts.map((part) => zlib.zstdCompressSync(part)));

it('compressions are known by their first bytes', () => {
  expect(compressionOf(zlib.gzipSync('x'))).toBe('gzip');
  expect(compressionOf(Buffer.from('28b52ffd00', 'hex'))).toBe('zstd');
  expect(compressionOf(skippable)).toBe('zstd');
  expect(compressionOf(Buffer.from('fd377a585a0000', 'hex'))).toBe('xz');
  expect(compressionOf(Buffer.from('BZh9'))).toBe('bzip2');
  expect(compressionOf(Buffer.from('etc/'))).toBeUndefined();
});

describe('layers', () => {
  const content = randomBytes(700_000);
  const made = layer({ name: 'a', content }, { name: 'b', content: 'b' });

  it('in gzip members one after the other', async () => {
    const { tar } = await made;
    const packed = Buffer.concat([zlib.gzipSync(tar.subarray(0, 1000)), zlib.gzipSync(tar.subarray(1000))]);
    const tree = await treeOf([{ tar, packed }]);
    expect(tree.entries.get('/a')?.sha256).toBe(sha256(content));
  });

  it('that are cut or damaged say so with digests', async () => {
    const { tar } = await made;
    const good = zlib.gzipSync(tar);
    // The blob's own digest is right here: what is wrong is inside.
    await expect(treeOf([{ tar, packed: good.subarray(0, 5000) }])).rejects.toThrow(/its gzip data is damaged/);
    const other = zlib.gzipSync((await layer({ name: 'z' })).tar);
    await expect(treeOf([{ tar, packed: other }])).rejects.toThrow(/\(uncompressed\) is damaged: its digest should be/);
  });

  it('in a compression that is not read are refused by its name', async () => {
    const { tar } = await made;
    const packed = Buffer.concat([Buffer.from('fd377a585a00', 'hex'), Buffer.alloc(100)]);
    await expect(treeOf([{ tar, packed }])).rejects.toThrow(/is xz-compressed, which is not read here/);
  });

  it.skipIf(!hasZstd)('in zstd frames one after the other, with skippable ones between', async () => {
    const { tar } = await made;
    const packed = Buffer.concat([
      skippable,
      frames(tar.subarray(0, 700)),
      skippable,
      frames(tar.subarray(700)),
      skippable,
    ]);
    const tree = await treeOf([{ tar, packed }]);
    expect(tree.entries.get('/a')?.sha256).toBe(sha256(content));
    expect(tree.entries.get('/b')?.sha256).toBe(sha256('b'));
  });

  it('in zstd are refused with a way out where Node cannot', () => {
    const opening = () => decompressors('zstd', 'layer x', false);
    expect(opening).toThrow(/^layer x is zstd-compressed, which Node .* cannot decompress$/);
    expect(opening).toThrow(expect.objectContaining({ hint: expect.stringContaining('use Node 22.15 or later') }));
  });
});

describe.skipIf(!hasZstd)('ZstdFrames', () => {
  it('gives all frames wherever the chunks are cut', async () => {
    const parts = [randomBytes(300_000), Buffer.alloc(500_000), Buffer.from('x'), Buffer.alloc(0), randomBytes(10)];
    const packed = Buffer.concat([frames(...parts), skippable, frames(...parts)]);
    const whole = Buffer.concat([...parts, ...parts]);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.integer({ min: 1000, max: 400_000 }), fc.integer({ min: 97, max: 101 })),
        async (size) => {
          const step = size;
          const chunks: Buffer[] = [];
          for (let at = 0; at < packed.length; at += step) chunks.push(packed.subarray(at, at + step));
          const out: Buffer[] = [];
          await pipeline(Readable.from(chunks), new ZstdFrames(), zlib.createZstdDecompress(), async (source) => {
            for await (const chunk of source) out.push(chunk as Buffer);
          });
          expect(Buffer.concat(out).equals(whole)).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('reads what the zstd program writes, checksums and unknown sizes included', async ({ skip }) => {
    const dir = await scratch();
    const content = Buffer.concat([randomBytes(200_000), Buffer.alloc(3_000_000, 'abc')]);
    writeFileSync(join(dir, 'x'), content);
    let packed: Buffer;
    try {
      packed = execFileSync('sh', ['-c', 'zstd -qc x; zstd -qc --no-check x; cat x | zstd -qc -19'], { cwd: dir });
    } catch {
      return skip('no zstd program here');
    }
    const out: Buffer[] = [];
    await pipeline(Readable.from([packed]), new ZstdFrames(), zlib.createZstdDecompress(), async (source) => {
      for await (const chunk of source) out.push(chunk as Buffer);
    });
    expect(Buffer.concat(out).equals(Buffer.concat([content, content, content]))).toBe(true);
  });

  it('says that data is cut', async () => {
    const cut = frames(randomBytes(1000)).subarray(0, 500);
    const drained = pipeline(Readable.from([cut]), new ZstdFrames(), zlib.createZstdDecompress(), async (source) => {
      for await (const _ of source);
    });
    await expect(drained).rejects.toThrow(/cut in the middle of a frame|unexpected end/i);
  });
});
