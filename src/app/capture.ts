import { draftOfTree, wantedFromImage } from '../collect/offline.ts';
import type { HeldImage } from '../core/container.ts';
import { UserError } from '../core/errors.ts';
import type { Fingerprint } from '../core/facts.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Instance, Limits } from '../core/ports.ts';
import { buildFingerprint, excluded } from '../fingerprint/build.ts';
import { makeManifest } from '../manifest/codec.ts';
import { manifestSources } from '../manifest/registry.ts';
import { fingerprintOfHeld } from './held-image.ts';
import { look, reachGap } from './look.ts';
import { version } from './places.ts';

export interface CaptureOptions {
  /** An instance URI or `SCHEME:LOCATION` of a manifest source. */
  source: string;
  ref: string;
  labels: Record<string, string>;
  limits: Limits;
  signal: AbortSignal;
  /** Makes an instance of a URI, with the ways in that the command line names. */
  instanceOf: (uri: string) => Instance;
  now: Date;
}

/** Makes a manifest from an image or from a running golden instance. @throws UserError when the source cannot be read. */
export async function capture(options: CaptureOptions): Promise<Manifest> {
  const { source, ref, labels, signal, now } = options;
  const scheme = source.slice(0, source.indexOf(':'));
  const load = Object.hasOwn(manifestSources, scheme) ? manifestSources[scheme] : undefined;
  let fingerprint: Fingerprint;
  let imageDigest: string | undefined;
  if (load) {
    const tree = await (await load()).read(source.slice(scheme.length + 1), wantedFromImage, signal);
    fingerprint = buildFingerprint(draftOfTree(tree, excluded));
    imageDigest = tree.digest;
  } else if (scheme === 'docker-image') {
    const image = await held(source.slice(scheme.length + 1), options);
    fingerprint = await fingerprintOfHeld(image, signal);
    imageDigest = image.digest;
  } else {
    fingerprint = await golden(options);
  }
  if (fingerprint.files.length === 0)
    throw new UserError(
      `${source} holds no files`,
      'name the root directory of an image, an image file, or a running instance',
    );
  return makeManifest({
    ref,
    ...(imageDigest ? { imageDigest } : {}),
    createdAt: now.toISOString(),
    source,
    toolVersion: version(),
    labels,
    fingerprint,
  });
}

/** An image of the Docker daemon. @throws UserError when there is no such image, or no daemon. */
async function held(name: string, { limits, signal }: CaptureOptions): Promise<HeldImage> {
  const { openImage } = await import('../transport/docker/image.ts');
  try {
    return await openImage(name, limits, signal);
  } catch (error) {
    throw new UserError(`cannot read the image ${name}: ${reachGap(error).detail}`, '', { cause: error });
  }
}

async function golden({ source, limits, signal, instanceOf }: CaptureOptions): Promise<Fingerprint> {
  try {
    const live = await look(instanceOf(source), limits, 0, signal);
    if (live.partial.length > 0) {
      throw new UserError(
        `${source} could not be read to its end (${live.gaps[0]?.detail ?? ''})`,
        'a manifest must be whole: try again',
      );
    }
    return live;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot read ${source}: ${reachGap(error).detail}`, '', { cause: error });
  }
}
