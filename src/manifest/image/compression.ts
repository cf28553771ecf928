import type { Transform } from 'node:stream';
import zlib from 'node:zlib';
import { UserError } from '../../core/errors.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** Magic bytes, because media types and file names lie. Sources: RFC 1952, RFC 8878, and the manuals of xz and bzip2. */
const magics: [string, string][] = [
  ['gzip', '1f8b'],
  ['zstd', '28b52ffd'],
  ['xz', 'fd377a585a00'],
  ['bzip2', '425a68'],
];

/** Name of the compression that these first bytes show; undefined when none is known. */
export function compressionOf(start: Buffer): string | undefined {
  const hex = start.subarray(0, 8).toString('hex');
  const skippable = /^5.2a4d18/.test(hex); // a zstd skippable frame may come first
  return skippable ? 'zstd' : magics.find(([, magic]) => hex.startsWith(magic))?.[0];
}

/** In Node from 22.15 and 23.8 on; 22.12 is supported too. */
const nodeHasZstd = typeof zlib.createZstdDecompress === 'function';

/** Streams to send compressed bytes through, in order. @throws UserError for a compression that cannot be undone here. */
export function decompressors(compression: string, what: string, hasZstd = nodeHasZstd): Transform[] {
  const options = { chunkSize: 1 << 18 };
  if (compression === 'gzip') return [zlib.createGunzip(options)];
  if (compression !== 'zstd') throw new UserError(`${what} is ${compression}-compressed, which is not read here`);
  if (!hasZstd) {
    throw new UserError(
      `${what} is zstd-compressed, which Node ${process.versions.node} cannot decompress`,
      'use Node 22.15 or later, or copy the image with gzip layers (skopeo copy --dest-compress-format gzip)',
    );
  }
  return [new ZstdFrames(), zlib.createZstdDecompress(options)];
}
