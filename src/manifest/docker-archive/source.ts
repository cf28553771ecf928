import { UserError } from '../../core/errors.ts';
import type { ManifestSource } from '../../core/ports.ts';
import { type Image, readImage } from '../image/assemble.ts';
import type { Blobs } from '../image/blobs.ts';
import { type Candidate, choose, ownArchitecture, splitLocation } from '../image/choose.ts';
import { diffIdsFor, readConfig } from '../image/config.ts';
import { objects, readJson, strings } from '../image/digest.ts';
import { openTarFile } from '../image/tar-file.ts';

/**
 * The tar of `docker save` (also podman's and skopeo's `docker-archive`): manifest.json names configuration and layers,
 * whether these lie in directories of their own (before Docker 25) or as the blobs of an OCI layout.
 * Format: Docker image specification v1.2, "Combined Image JSON + Filesystem Changeset Format".
 */
export const dockerArchive: ManifestSource = {
  scheme: 'docker-archive',
  async read(location, wanted, signal) {
    const where = await splitLocation(location);
    const blobs = await openTarFile(where.path, signal);
    if (!(await blobs.find('manifest.json'))) {
      const names = (await blobs.names()).join(', ');
      const oci = (await blobs.find('index.json')) ? `; oci:${where.path} may read it` : '';
      throw new UserError(
        `${blobs.what} is no docker archive: it has no manifest.json`,
        `it begins with ${names}${oci}`,
      );
    }
    const image = choose(await imagesOf(blobs, signal), where, ownArchitecture());
    return readImage(blobs, image, wanted, signal);
  },
};

async function imagesOf(blobs: Blobs, signal: AbortSignal): Promise<(Candidate & Image)[]> {
  const what = `${blobs.what}: manifest.json`;
  const { value } = await readJson(blobs, 'manifest.json', signal);
  const images: (Candidate & Image)[] = [];
  for (const item of objects(value, what)) {
    const name = item['Config'];
    if (typeof name !== 'string') throw new UserError(`${what} names no configuration`);
    const config = await readConfig(blobs, name, signal, digestIn(name));
    const files = strings(item['Layers'], `${what} Layers`);
    const diffIds = diffIdsFor(files, config, what);
    const names = strings(item['RepoTags'], `${what} RepoTags`);
    images.push({
      digest: config.digest,
      digests: [],
      names,
      platform: config.platform,
      group: names[0] ?? config.digest,
      layers: files.map((file, i) => ({ name: file, diffId: diffIds[i] as string, ...digestOf(file) })),
    });
  }
  return images;
}

/** The configuration's name is its digest: `HEX.json`, or `blobs/sha256/HEX`. */
function digestIn(name: string): string | undefined {
  const hex = /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
  return hex && `sha256:${hex}`;
}

/** Only blobs are named by the digest of their bytes; `HEX/layer.tar` is named by something else. */
function digestOf(file: string): { digest?: string } {
  const digest = file.startsWith('blobs/') ? digestIn(file) : undefined;
  return digest ? { digest } : {};
}
