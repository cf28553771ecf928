import { pipeline } from 'node:stream';
import { messageOf, UserError } from '../../core/errors.ts';
import { type Blobs, type Extent, readExtent } from './blobs.ts';
import { compressionOf, decompressors } from './compression.ts';
import { Seal } from './digest.ts';

/** One layer of an image: a tar, perhaps compressed. */
export interface Layer {
  /** File in the archive. */
  name: string;
  /** Digest of the file as it lies there, where the archive says one. */
  digest?: string;
  /** Digest of the tar inside, from the image's configuration: what ties the files to the image's digest. */
  diffId: string;
}

/**
 * Hands the uncompressed tar of a layer over in chunks and checks both digests.
 * @throws UserError when a digest differs, the compression is unknown or its data damaged, or `onChunk` throws one.
 */
export async function readLayer(
  blobs: Blobs,
  layer: Layer,
  onChunk: (chunk: Buffer) => void,
  signal: AbortSignal,
): Promise<void> {
  const what = `${blobs.what}: layer ${layer.name}`;
  const extent = await blobs.find(layer.name);
  if (!extent) throw new UserError(`${blobs.what} is incomplete: layer ${layer.name} is not in it`);
  try {
    await pump(extent, layer, what, onChunk, signal);
  } catch (error) {
    signal.throwIfAborted();
    // A damaged layer first shows as nonsense in the tar; that its digest is wrong says more.
    if (onChunk !== ignore) await prove(extent, layer, what, signal);
    throw error;
  }
}

const ignore = (): void => undefined;

async function prove(extent: Extent, layer: Layer, what: string, signal: AbortSignal): Promise<void> {
  if (layer.digest) await checkFile(extent, layer.digest, what, signal);
  await pump(extent, layer, what, ignore, signal);
}

async function checkFile(extent: Extent, digest: string, what: string, signal: AbortSignal): Promise<void> {
  const seal = new Seal(digest);
  for await (const chunk of readExtent(extent, signal)) seal.update(chunk);
  seal.check(what);
}

async function pump(
  extent: Extent,
  layer: Layer,
  what: string,
  onChunk: (chunk: Buffer) => void,
  signal: AbortSignal,
): Promise<void> {
  const compression = compressionOf(await firstBytes(extent, signal));
  const inner = new Seal(layer.diffId);
  const take = (chunk: Buffer) => {
    inner.update(chunk);
    onChunk(chunk);
  };
  if (compression) await unpack(extent, layer, compression, what, take, signal);
  else for await (const chunk of readExtent(extent, signal)) take(chunk);
  inner.check(compression ? `${what} (uncompressed)` : what);
  // Where nothing is compressed, both digests are of the same bytes.
  if (!compression && layer.digest && layer.digest !== layer.diffId) {
    await checkFile(extent, layer.digest, what, signal);
  }
}

async function unpack(
  extent: Extent,
  layer: Layer,
  compression: string,
  what: string,
  take: (chunk: Buffer) => void,
  signal: AbortSignal,
): Promise<void> {
  const outer = layer.digest ? new Seal(layer.digest) : undefined;
  let sealed = false;
  async function* source(): AsyncGenerator<Buffer> {
    for await (const chunk of readExtent(extent, signal)) {
      outer?.update(chunk);
      yield chunk;
    }
    sealed = true;
  }
  const streams = decompressors(compression, what);
  const last = streams.at(-1) as NodeJS.ReadableStream;
  pipeline([source(), ...streams] as unknown as [NodeJS.ReadableStream, NodeJS.ReadWriteStream], () => undefined);
  let taking = false;
  try {
    for await (const chunk of last as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      taking = true;
      take(chunk);
      taking = false;
    }
  } catch (error) {
    if (error instanceof UserError || taking || signal.aborted) throw error;
    throw new UserError(`${what}: its ${compression} data is damaged (${messageOf(error)})`, '', { cause: error });
  }
  // What follows the compressed data may not have been read to the end.
  if (sealed) outer?.check(what);
  else if (layer.digest) await checkFile(extent, layer.digest, what, signal);
}

async function firstBytes(extent: Extent, signal: AbortSignal): Promise<Buffer> {
  const size = Math.min(extent.size, 8);
  for await (const chunk of readExtent({ ...extent, size }, signal)) return chunk;
  return Buffer.alloc(0);
}
