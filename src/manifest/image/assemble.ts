import type { ImageTree, TreeEntry, Wanted } from '../../core/ports.ts';
import { LayerApplier } from './apply.ts';
import type { Blobs } from './blobs.ts';
import { ContentHash } from './content.ts';
import { type Layer, readLayer } from './layer.ts';
import { TarReader } from './tar-reader.ts';
import { type FileContent, type Node, Tree } from './tree.ts';

/** An image of an archive: what to read. */
export interface Image {
  /** Digest of the configuration: the image's own. */
  digest: string;
  names: string[];
  /** Lowest first. */
  layers: Layer[];
}

/** Reads all layers of an image and applies them. @throws UserError for damage, or what no image may hold. */
export async function readImage(blobs: Blobs, image: Image, wanted: Wanted, signal: AbortSignal): Promise<ImageTree> {
  const tree = new Tree(blobs.what);
  for (const [number, layer] of image.layers.entries()) {
    const what = `${blobs.what}: layer ${layer.name}`;
    const applier = new LayerApplier(tree, number, what, wanted);
    await readTar(blobs, layer, new TarReader(what, (entry) => applier.take(entry)), signal);
  }
  const result: ImageTree = { entries: new Map(), contents: new Map(), digest: image.digest, names: image.names };
  const missing = new Map<FileContent, string[]>();
  collect(tree.root, '', result, wanted, missing);
  await fetch(blobs, image, missing, result, signal);
  return result;
}

async function readTar(blobs: Blobs, layer: Layer, reader: TarReader, signal: AbortSignal): Promise<void> {
  await readLayer(blobs, layer, (chunk) => reader.write(chunk), signal);
  reader.end();
}

/** Lists a node and all below it; the paths whose content is wanted and was not kept go to `missing`. */
export function collect(
  node: Node,
  path: string,
  result: ImageTree,
  wanted: Wanted,
  missing: Map<FileContent, string[]>,
): void {
  const { content, ...facts } = node.facts;
  const own = path === '' ? '/' : path;
  const entry: TreeEntry = { path: own, ...facts, size: content?.size ?? 0, sha256: content?.sha256 ?? '' };
  if (content && content.names > 1) {
    entry.links = content.names;
    entry.inode = `${content.layer}:${content.entry}`;
  }
  result.entries.set(own, entry);
  if (content && wanted(own, content.size, facts.mode)) {
    if (content.bytes) result.contents.set(own, content.bytes);
    else missing.set(content, [...(missing.get(content) ?? []), own]);
  }
  for (const [name, child] of node.children ?? []) collect(child, `${path}/${name}`, result, wanted, missing);
}

/**
 * Reads layers again for contents that are wanted by another name than the one that came with them: a hard link, or a
 * path through a symbolic link. Rare: most images need no second look.
 */
async function fetch(
  blobs: Blobs,
  image: Image,
  missing: Map<FileContent, string[]>,
  result: ImageTree,
  signal: AbortSignal,
): Promise<void> {
  const layers = Map.groupBy(missing.keys(), (content) => content.layer);
  for (const [number, contents] of layers) {
    const layer = image.layers[number] as Layer;
    const byEntry = new Map(contents.map((content) => [content.entry, content]));
    let count = 0;
    const reader = new TarReader(`${blobs.what}: layer ${layer.name}`, () => {
      const content = byEntry.get(count++);
      return content && new ContentHash(content, true);
    });
    await readTar(blobs, layer, reader, signal);
  }
  for (const [content, paths] of missing) {
    for (const path of paths) if (content.bytes) result.contents.set(path, content.bytes);
  }
}
