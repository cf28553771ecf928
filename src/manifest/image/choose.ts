import { stat } from 'node:fs/promises';
import { UserError } from '../../core/errors.ts';

/** Where an archive is, and which image of it is meant; an empty selector when that was not said. */
export interface Location {
  path: string;
  selector: string;
}

/** Splits `PATH#NAME_OR_DIGEST`. A file whose own name has a `#` in it is taken for what it is. */
export async function splitLocation(location: string): Promise<Location> {
  const hash = location.lastIndexOf('#');
  if (hash === -1 || (await exists(location))) {
    await hintAtTag(location);
    return { path: location, selector: '' };
  }
  return { path: location.slice(0, hash), selector: location.slice(hash + 1) };
}

/** `DIR:TAG` is what skopeo and umoci take. */
async function hintAtTag(location: string): Promise<void> {
  const [, path, name] = /^(.+?)(?::|@(?=sha))([^/]+)$/.exec(location) ?? [];
  if (!path || !name || (await exists(location)) || !(await exists(path))) return;
  throw new UserError(`cannot read ${location}: there is no such file`, `an image is chosen with #: ${path}#${name}`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What is known of an image before it is read. */
export interface Candidate {
  /** Digest of the configuration: two candidates with one digest are one image. */
  digest: string;
  /** Further digests by which it may be asked for: of its manifest, of the indexes that it is in. */
  digests: string[];
  names: string[];
  /** `OS/ARCHITECTURE[/VARIANT]` */
  platform: string;
  /** Same for the platforms of one image. */
  group: string;
}

/** The one image that is meant. @throws UserError listing what there is when it is not clear which. */
export function choose<T extends Candidate>(all: T[], { path, selector }: Location, architecture: string): T {
  const images = distinct(all);
  const asked = selector ? images.filter((image) => matches(image, selector)) : images;
  const [only] = asked;
  if (only && asked.length === 1) return only;
  if (!only) {
    const what = selector ? `${path} holds no image ${selector}` : `${path} holds no image`;
    throw new UserError(what, images.length > 0 ? listing(path, images) : '');
  }
  const own = asked.filter((image) => image.platform.split('/').slice(0, 2).join('/') === `linux/${architecture}`);
  const [mine] = own;
  if (mine && own.length === 1 && new Set(asked.map((image) => image.group)).size === 1) return mine;
  throw new UserError(
    `${path} holds ${asked.length} images${selector ? ` that ${selector} may mean` : ''}: which one?`,
    listing(path, asked),
  );
}

/** The machine's own architecture as images name it (GOARCH). */
export function ownArchitecture(arch: string = process.arch): string {
  const names: Record<string, string> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le', loong64: 'loong64' };
  return names[arch] ?? arch;
}

function distinct<T extends Candidate>(all: T[]): T[] {
  const images = new Map<string, T>();
  for (const image of all) {
    const seen = images.get(image.digest);
    if (!seen) images.set(image.digest, { ...image });
    else {
      seen.names = [...new Set([...seen.names, ...image.names])];
      seen.digests = [...new Set([...seen.digests, ...image.digests])];
    }
  }
  return [...images.values()];
}

function matches(image: Candidate, selector: string): boolean {
  // Archives often write names in full, with a registry in front.
  const named = [selector, `${selector}:latest`].some((name) =>
    image.names.some((own) => own === name || own.endsWith(`/${name}`)),
  );
  if (named) return true;
  if (image.platform === selector) return true;
  const hex = /^(?:sha(?:256|512):)?([0-9a-f]{12,})$/.exec(selector)?.[1];
  return hex !== undefined && [image.digest, ...image.digests].some((digest) => digest.split(':')[1]?.startsWith(hex));
}

function listing(path: string, images: Candidate[]): string {
  const lines = images.slice(0, 10).map((image) => {
    const short = image.digest.slice(0, 'sha256:'.length + 12);
    const name = image.names.find((own) => !images.some((other) => other !== image && other.names.includes(own)));
    return `  ${path}#${name ?? short} (${image.platform}, ${[...image.names, short].join(', ')})`;
  });
  const more = images.length > 10 ? [`  and ${images.length - 10} more`] : [];
  return ['choose one by name or digest:', ...lines, ...more].join('\n');
}
