import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../../core/errors.ts';

/** The files of an image archive by name (`manifest.json`, `blobs/sha256/...`), whatever holds them. */
export interface Blobs {
  /** Names the archive in messages. */
  readonly what: string;
  /** The first few names, for messages. */
  names(): Promise<string[]>;
  /** Where a file's bytes are, or undefined when there is no such file. */
  find(name: string): Promise<Extent | undefined>;
}

/** A run of bytes of a file. */
export interface Extent {
  file: string;
  offset: number;
  size: number;
}

/** Bytes a read. Large enough that most files of an image lie in one chunk and are hashed in one call. */
const CHUNK = 1 << 20;

/** Reads an extent in order. @throws UserError when the file cannot be read or is shorter. */
export async function* readExtent(extent: Extent, signal: AbortSignal): AsyncGenerator<Buffer> {
  if (extent.size === 0) return;
  const { file, offset, size } = extent;
  let left = size;
  const stream = createReadStream(file, { start: offset, end: offset + size - 1, highWaterMark: CHUNK });
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      left -= chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  if (left > 0) throw new UserError(`${file} is cut: ${left} bytes are missing at its end`);
}

/** The whole of a small file of the archive. @throws UserError when it is missing or larger than `limit` bytes. */
export async function readBlob(blobs: Blobs, name: string, limit: number, signal: AbortSignal): Promise<Buffer> {
  const extent = await blobs.find(name);
  if (!extent) throw new UserError(`${blobs.what} is incomplete: it refers to ${name}, which is not in it`);
  if (extent.size > limit) {
    throw new UserError(
      `${blobs.what}: ${name} has ${extent.size} bytes, more than the ${limit} that such a file may have`,
    );
  }
  const chunks: Buffer[] = [];
  for await (const chunk of readExtent(extent, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The files of a directory. @throws UserError when it is none. */
export async function openDirectory(path: string): Promise<Blobs> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isDirectory()) {
    throw new UserError(`${path} is not a directory`, `oci:${path} or docker-archive:${path} read a tar file`);
  }
  return {
    what: path,
    names: async () => (await readdir(path)).sort().slice(0, 8),
    find: async (name) => {
      const file = join(path, name);
      const info = await stat(file).catch(() => undefined);
      return info?.isFile() ? { file, offset: 0, size: info.size } : undefined;
    },
  };
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** A failed read as an error that names the file; errors of ours pass. */
export function unreadable(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : '';
  if (code === '') return error;
  return new UserError(`cannot read ${path}: ${reasons[code] ?? messageOf(error)}`, '', { cause: error });
}
