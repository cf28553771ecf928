import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { draftOfTree, wantedFromImage } from '../collect/offline.ts';
import type { HeldImage } from '../core/container.ts';
import type { Fingerprint } from '../core/facts.ts';
import { buildFingerprint, excluded } from '../fingerprint/build.ts';
import { dockerArchive } from '../manifest/docker-archive/source.ts';

/**
 * The fingerprint of an image that a daemon holds. Its archive stands in the temporary directory meanwhile, readable by
 * nobody else, because configuration and layers are found in it by name. @throws UserError or ReachError.
 */
export async function fingerprintOfHeld(image: HeldImage, signal: AbortSignal): Promise<Fingerprint> {
  const directory = await mkdtemp(join(tmpdir(), 'snowfence-image-'));
  try {
    const file = join(directory, 'image.tar');
    await pipeline(image.save(signal), createWriteStream(file, { mode: 0o600 }), { signal });
    const tree = await dockerArchive.read(file, wantedFromImage, signal);
    return buildFingerprint(draftOfTree(tree, excluded));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
