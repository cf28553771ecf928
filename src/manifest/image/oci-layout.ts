import { UserError } from '../../core/errors.ts';
import type { ImageTree, Wanted } from '../../core/ports.ts';
import { type Image, readImage } from './assemble.ts';
import type { Blobs } from './blobs.ts';
import { type Candidate, choose, type Location, ownArchitecture } from './choose.ts';
import { diffIdsFor, readConfig } from './config.ts';
import { blobName, checkDigest, objects, readJson } from './digest.ts';

/** Annotations that name an image: the standard one, and containerd's with the registry in it. */
const nameKeys = ['org.opencontainers.image.ref.name', 'io.containerd.image.name'];
/** Indexes in indexes in index.json; two is the most that any tool writes. */
const MAX_DEPTH = 4;
const MAX_CANDIDATES = 1000;

type OciImage = Candidate & Image;
type Descriptor = Record<string, unknown>;
/** What an image has from the indexes above it. */
type Above = Pick<Candidate, 'names' | 'digests' | 'group'>;

/** Reads the image that is meant from an OCI layout (OCI image specification, "Image Layout"). */
export async function readOciLayout(
  blobs: Blobs,
  location: Location,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<ImageTree> {
  if (!(await blobs.find('index.json'))) {
    const names = (await blobs.names()).join(', ');
    const docker = (await blobs.find('manifest.json')) ? `; docker-archive:${location.path} may read it` : '';
    throw new UserError(`${blobs.what} is no OCI layout: it has no index.json`, `it begins with ${names}${docker}`);
  }
  const { value } = await readJson(blobs, 'index.json', signal);
  const candidates: OciImage[] = [];
  const absent: string[] = [];
  for (const descriptor of objects(value['manifests'], `${blobs.what}: index.json manifests`)) {
    const names = namesOf(descriptor);
    const above = { names, digests: [], group: names[0] ?? '' };
    await walk(blobs, descriptor, above, 0, candidates, absent, signal);
  }
  if (candidates.length === 0 && absent.length > 0) {
    throw new UserError(`${blobs.what} is incomplete: it refers to ${absent[0]}, which is not in it`);
  }
  return readImage(blobs, choose(candidates, location, ownArchitecture()), wanted, signal);
}

async function walk(
  blobs: Blobs,
  descriptor: Descriptor,
  above: Above,
  depth: number,
  candidates: OciImage[],
  absent: string[],
  signal: AbortSignal,
): Promise<void> {
  if (isAttestation(descriptor)) return;
  const digest = checkDigest(descriptor['digest'], `${blobs.what}: a descriptor`);
  // An index lists all platforms of an image, and a layout often holds only one of them (docker save does so).
  if (!(await blobs.find(blobName(digest)))) {
    absent.push(blobName(digest));
    return;
  }
  const { value } = await readJson(blobs, blobName(digest), signal, digest);
  const here = { ...above, digests: [...above.digests, digest] };
  if (Array.isArray(value['manifests'])) {
    if (depth === MAX_DEPTH) throw new UserError(`${blobs.what}: indexes are nested more than ${MAX_DEPTH} deep`);
    for (const inner of objects(value['manifests'], `${blobs.what}: ${digest} manifests`)) {
      await walk(blobs, inner, here, depth + 1, candidates, absent, signal);
    }
  } else if (isImage(value)) candidates.push(await imageOf(blobs, value, here, digest, signal));
  if (candidates.length > MAX_CANDIDATES) {
    throw new UserError(`${blobs.what} holds more than ${MAX_CANDIDATES} images`);
  }
}

async function imageOf(
  blobs: Blobs,
  manifest: Descriptor,
  above: Above,
  digest: string,
  signal: AbortSignal,
): Promise<OciImage> {
  const what = `${blobs.what}: manifest ${digest}`;
  const { digest: said } = manifest['config'] as Descriptor;
  const configDigest = checkDigest(said, `${what} config`);
  const config = await readConfig(blobs, blobName(configDigest), signal, configDigest);
  const descriptors = objects(manifest['layers'], `${what} layers`);
  const diffIds = diffIdsFor(descriptors, config, what);
  const layers = descriptors.map((layer, i) => {
    const own = checkDigest(layer['digest'], `${what} layers[${i}]`);
    return { name: blobName(own), digest: own, diffId: diffIds[i] as string };
  });
  return { ...above, digest: configDigest, platform: config.platform, layers };
}

/** Build records that buildx stores beside an image, as manifests of an unknown platform. */
function isAttestation(descriptor: Descriptor): boolean {
  const annotations = descriptor['annotations'];
  return typeof annotations === 'object' && annotations !== null && 'vnd.docker.reference.type' in annotations;
}

/** Charts, signatures and other artifacts have manifests too, but a configuration of another type. */
function isImage(manifest: Descriptor): boolean {
  const config = manifest['config'];
  if (typeof config !== 'object' || config === null || !('mediaType' in config)) return false;
  const imageTypes = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'];
  return imageTypes.includes(String(config.mediaType));
}

function namesOf(descriptor: Descriptor): string[] {
  const annotations = (descriptor['annotations'] ?? {}) as Record<string, unknown>;
  return nameKeys.map((key) => annotations[key]).filter((name) => typeof name === 'string');
}
