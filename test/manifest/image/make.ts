import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import tar from 'tar-stream';
import { onTestFinished } from 'vitest';
import type { ImageTree, ManifestSource, Wanted } from '../../../src/core/ports.ts';
import { manifestSources } from '../../../src/manifest/registry.ts';

/** One entry of a layer to be made. A name ending in `/` is a directory; one with a `linkname` a symbolic link. */
export interface Made extends Omit<Partial<tar.Header>, 'name'> {
  name: string;
  content?: string | Buffer;
}

/** An image to be made: its layers as they are to lie in the archive. */
export interface MadeImage {
  layers: MadeLayer[];
  names?: string[];
  architecture?: string;
}

export interface MadeLayer {
  tar: Buffer;
  /** The bytes that lie in the archive; the tar itself when missing. */
  packed?: Buffer;
}

/** A tar made by tar-stream: a writer that is not ours. */
export async function tarOf(entries: Made[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { content = '', ...header } of entries) {
    const type = header.type ?? (header.name.endsWith('/') ? 'directory' : header.linkname ? 'symlink' : 'file');
    const mode = type === 'directory' ? 0o755 : 0o644;
    pack.entry({ mode, mtime: new Date(0), ...header, type }, type === 'file' ? content : '');
  }
  pack.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of pack) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

export async function layer(...entries: Made[]): Promise<MadeLayer> {
  return { tar: await tarOf(entries) };
}

export function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** A directory that is removed when the test ends. */
export async function scratch(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'snowfence-image-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Configuration of an image, as the specification of both formats has it. */
export function configOf({ layers, architecture = ownArchitecture }: MadeImage): Buffer {
  const diff_ids = layers.map((one) => `sha256:${sha256(one.tar)}`);
  return Buffer.from(JSON.stringify({ architecture, os: 'linux', rootfs: { type: 'layers', diff_ids } }));
}

export const ownArchitecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;

/** Files of an OCI layout. `index` nests the images of one name as platforms of one image. */
export function ociFiles(images: MadeImage[], { index = false } = {}): Map<string, Buffer> {
  const files = new Map<string, Buffer>([['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')]]);
  const blob = (data: Buffer, mediaType: string) => {
    files.set(`blobs/sha256/${sha256(data)}`, data);
    return { mediaType, digest: `sha256:${sha256(data)}`, size: data.length };
  };
  const manifests = images.map((image) => {
    const config = blob(configOf(image), 'application/vnd.oci.image.config.v1+json');
    const layers = image.layers.map((one) => blob(one.packed ?? one.tar, 'application/vnd.oci.image.layer.v1.tar'));
    const descriptor = blob(Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers })), manifestType);
    return { ...descriptor, ...named(image), platform: { os: 'linux', architecture: image.architecture } };
  });
  const nested = blob(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })), indexType);
  const top = index ? [{ ...nested, ...named(images[0] as MadeImage) }] : manifests;
  files.set('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: top })));
  return files;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

function named(image: MadeImage): object {
  return image.names ? { annotations: { 'org.opencontainers.image.ref.name': image.names[0] } } : {};
}

/** Files of `docker save`: with a directory a layer, as before Docker 25, or with the blobs of an OCI layout. */
export function dockerFiles(images: MadeImage[], form: 'legacy' | 'blobs' = 'legacy'): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const manifest = images.map((image, i) => {
    const config = configOf(image);
    const configName = form === 'legacy' ? `${sha256(config)}.json` : `blobs/sha256/${sha256(config)}`;
    files.set(configName, config);
    const layers = image.layers.map((one, j) => {
      const data = one.packed ?? one.tar;
      const name = form === 'legacy' ? `${sha256(`${i} ${j}`)}/layer.tar` : `blobs/sha256/${sha256(data)}`;
      files.set(name, data);
      return name;
    });
    return { Config: configName, RepoTags: image.names ?? null, Layers: layers };
  });
  files.set('manifest.json', Buffer.from(JSON.stringify(manifest)));
  return files;
}

/** Puts files into a tar file. */
export async function writeTar(file: string, files: Map<string, Buffer>): Promise<string> {
  await writeFile(file, await tarOf([...files].map(([name, content]) => ({ name, content }))));
  return file;
}

/** Puts files into a directory. */
export async function writeFiles(dir: string, files: Map<string, Buffer>): Promise<string> {
  for (const [name, content] of files) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), content);
  }
  return dir;
}

/** For each scheme of the registry, ways to write images so that it can read them. */
export const writers: Record<string, Record<string, (dir: string, images: MadeImage[]) => Promise<string>>> = {
  'docker-archive': {
    'before Docker 25': (dir, images) => writeTar(join(dir, 'image.tar'), dockerFiles(images)),
    'since Docker 25': (dir, images) => writeTar(join(dir, 'image.tar'), dockerFiles(images, 'blobs')),
  },
  oci: { tar: (dir, images) => writeTar(join(dir, 'image.tar'), ociFiles(images)) },
  'oci-layout': { directory: (dir, images) => writeFiles(join(dir, 'layout'), ociFiles(images)) },
};

export async function source(scheme: string): Promise<ManifestSource> {
  const load = manifestSources[scheme];
  if (!load) throw new Error(`no source ${scheme}`);
  return load();
}

/** Reads with the source of this scheme. Nothing is wanted unless said. */
export async function read(scheme: string, location: string, wanted: Wanted = () => false): Promise<ImageTree> {
  return (await source(scheme)).read(location, wanted, new AbortController().signal);
}

/** The tree that these layers make, read as an OCI layout. */
export async function treeOf(layers: MadeLayer[], wanted?: Wanted): Promise<ImageTree> {
  const dir = await scratch();
  return read('oci-layout', await writeFiles(dir, ociFiles([{ layers }])), wanted);
}

/** The tree as lines `path type mode`, sorted: short enough to read in a test. */
export function outline(tree: ImageTree): string[] {
  return [...tree.entries.values()].map((e) => `${e.path} ${e.type} ${e.mode.toString(8)}`).sort();
}
