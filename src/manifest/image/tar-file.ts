import { type FileHandle, open } from 'node:fs/promises';
import { posix } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { type Blobs, type Extent, unreadable } from './blobs.ts';
import { compressionOf } from './compression.ts';
import { BLOCK } from './tar-header.ts';
import { type TarEntry, TarReader } from './tar-reader.ts';

/** An image archive has a handful of files per layer; more than this is something else, such as a root file system. */
const MAX_FILES = 100_000;
/** `docker save` of Docker before 25 stores a layer that two images share as a symbolic link. */
const MAX_LINKS = 8;

type Place = Extent | { link: string };

/**
 * Indexes a tar file by reading only its headers; content is read later by offset, so memory does not grow with it.
 * @throws UserError when it is no tar file, compressed as a whole, or cut.
 */
export async function openTarFile(path: string, signal: AbortSignal): Promise<Blobs> {
  const places = await indexFile(path, signal);
  return {
    what: path,
    names: async () => [...places.keys()].slice(0, 8),
    find: async (name) => {
      let at = posix.normalize(name);
      for (let hops = 0; hops < MAX_LINKS; hops++) {
        const place = places.get(at);
        if (!place || !('link' in place)) return place;
        at = place.link;
      }
      return undefined;
    },
  };
}

async function indexFile(path: string, signal: AbortSignal): Promise<Map<string, Place>> {
  const handle = await open(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const { size } = await handle.stat();
    await checkBeginning(path, handle, size);
    return await index(path, handle, size, signal);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await handle.close();
  }
}

async function checkBeginning(path: string, handle: FileHandle, size: number): Promise<void> {
  if ((await handle.stat()).isDirectory()) {
    throw new UserError(`${path} is a directory`, `oci-layout:${path} reads a directory that holds an OCI layout`);
  }
  if (size === 0) throw new UserError(`${path} is empty`);
  const start = await readAt(handle, 0, 8);
  const compression = compressionOf(start);
  if (compression) {
    throw new UserError(`${path} is ${compression}-compressed as a whole`, `decompress it first (${compression} -d)`);
  }
}

async function index(path: string, handle: FileHandle, size: number, signal: AbortSignal): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  const reader = new TarReader(path, (entry) => {
    const place = placeOf(path, entry, reader.offset + BLOCK);
    if (place) places.set(posix.normalize(entry.name), place);
    if (places.size > MAX_FILES) {
      throw new UserError(`${path} is no image archive: it holds more than ${MAX_FILES} files`);
    }
    return undefined;
  });
  while (reader.offset < size && !reader.ended) {
    signal.throwIfAborted();
    reader.write(await readAt(handle, reader.offset, BLOCK));
    reader.skip();
  }
  if (reader.offset > size) {
    throw new UserError(`${path} is cut: it has ${size} bytes, and its entries need ${reader.offset}`);
  }
  reader.end();
  return places;
}

function placeOf(file: string, entry: TarEntry, offset: number): Place | undefined {
  if (entry.flag === '0' || entry.flag === '7') return { file, offset, size: entry.size };
  if (entry.flag === '1') return { link: posix.normalize(entry.linkname) };
  if (entry.flag === '2') return { link: posix.join(posix.dirname(posix.normalize(entry.name)), entry.linkname) };
  return undefined;
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
