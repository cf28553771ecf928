import { UserError } from '../../core/errors.ts';
import type { ImageTree, Wanted } from '../../core/ports.ts';
import { LayerApplier } from './apply.ts';
import { collect } from './assemble.ts';
import { TarReader } from './tar-reader.ts';
import { Tree } from './tree.ts';

/** A running container is smaller than an image may be, and less to be trusted. */
const maxEntries = 1_000_000;
/** Contents that are kept of one root. Bytes. */
const maxKept = 256 * 1024 * 1024;

/** A tar whose entries belong below a directory. */
export interface Over {
  /** Absolute. */
  directory: string;
  tar: Buffer;
}

/**
 * Reads the tar of a root directory, and what lies over it, as a tree. Nothing is unpacked; of contents only what is
 * wanted is kept, and no more than a limit. @throws UserError for what is no such tar, is cut, or is too much.
 */
export async function readRoot(
  what: string,
  chunks: AsyncIterable<Buffer>,
  over: Over[],
  wanted: Wanted,
  signal: AbortSignal,
): Promise<ImageTree> {
  const tree = new Tree(what, maxEntries);
  let kept = 0;
  const keep: Wanted = (path, size, mode) => {
    if (!wanted(path, size, mode)) return false;
    kept += size;
    if (kept > maxKept) throw new UserError(`${what}: more than ${maxKept} bytes of databases and configuration`);
    return true;
  };
  const base = new LayerApplier(tree, 0, what, keep, false);
  const reader = new TarReader(what, (entry) => base.take(entry));
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    reader.write(chunk);
  }
  if (!reader.ended) throw new UserError(`${what} is cut: it ends without an end mark`);
  reader.end();
  for (const [number, { directory, tar }] of over.entries()) {
    const layer = new LayerApplier(tree, number + 1, what, keep, false);
    const reader = new TarReader(what, (entry) => layer.take({ ...entry, name: `${directory}/${entry.name}` }));
    reader.write(tar);
    reader.end();
  }
  const result: ImageTree = { entries: new Map(), contents: new Map(), names: [] };
  collect(tree.root, '', result, wanted, new Map());
  return result;
}
