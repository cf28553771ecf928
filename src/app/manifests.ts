import { readFileSync } from 'node:fs';
import type { HeldImage } from '../core/container.ts';
import { messageOf, UserError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Instance, Store } from '../core/ports.ts';
import { decodeManifest, encodeManifest, makeManifest } from '../manifest/codec.ts';
import { version } from './places.ts';

/** Reads a manifest file. @throws UserError */
export function readManifestFile(path: string): Manifest {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new UserError(
      `cannot read the manifest ${path}: ${messageOf(error)}`,
      'make one with "snowfence manifest create"',
      { cause: error },
    );
  }
  return decodeManifest(bytes, path);
}

/** Finds the manifest of an instance; each is read and decoded once. */
export class ManifestBook {
  private readonly files = new Map<string, Manifest>();
  private readonly refs = new Map<string, Manifest | undefined>();
  private readonly held = new Map<string, Promise<Manifest>>();
  private readonly store: Store | undefined;
  private readonly fixed: { manifestFile?: string; image?: string };

  constructor(store: Store | undefined, fixed: { manifestFile?: string; image?: string }) {
    this.store = store;
    this.fixed = fixed;
    // A wrong file or an unknown ref on the command line is said before any instance is contacted.
    if (fixed.manifestFile) this.file(fixed.manifestFile);
    if (fixed.image && !this.ref(fixed.image)) {
      throw new UserError(
        `no manifest is known for the image "${fixed.image}"`,
        '"snowfence manifest list" shows what there is; "snowfence manifest add FILE" adds one',
      );
    }
  }

  /** What is known before the instance is asked: flags, then the inventory. */
  before(instance: Instance): Manifest | undefined {
    if (this.fixed.manifestFile) return this.file(this.fixed.manifestFile);
    if (this.fixed.image) return this.ref(this.fixed.image);
    if (instance.manifest) return this.file(instance.manifest);
    const label = instance.image ?? instance.labels['image'];
    return label ? this.ref(label) : undefined;
  }

  /** What the instance says of its own image. */
  byHints(hints: string[]): Manifest | undefined {
    for (const hint of hints) {
      const manifest = this.ref(hint);
      if (manifest) return manifest;
    }
    return undefined;
  }

  /** The one with this digest, among those of files and of the store. */
  byDigest(digest: string): Manifest | undefined {
    return [...this.files.values()].find((manifest) => manifest.digest === digest) ?? this.ref(digest);
  }

  /**
   * The manifest of an image that a daemon holds: the one that is known by its digest, or by a name of it and no other
   * digest, else one that is made here and kept in the store. @throws UserError or ReachError when it cannot be read.
   */
  ofHeld(image: HeldImage, signal: AbortSignal): Promise<Manifest> {
    const known = this.held.get(image.digest);
    if (known) return known;
    const made = this.findHeld(image) ?? this.make(image, signal);
    const manifest = Promise.resolve(made);
    this.held.set(image.digest, manifest);
    return manifest;
  }

  private findHeld({ digest, names }: HeldImage): Manifest | undefined {
    const own = (manifest: Manifest | undefined) =>
      manifest && (manifest.image.digest ?? digest) === digest ? manifest : undefined;
    return [digest, ...names].map((name) => own(this.ref(name))).find(Boolean);
  }

  private async make(image: HeldImage, signal: AbortSignal): Promise<Manifest> {
    const { fingerprintOfHeld } = await import('./held-image.ts');
    const at = new Date().toISOString();
    const manifest = makeManifest({
      ref: image.names[0] ?? image.digest,
      imageDigest: image.digest,
      createdAt: at,
      source: image.source,
      toolVersion: version(),
      labels: {},
      fingerprint: await fingerprintOfHeld(image, signal),
    });
    this.store?.addManifest(encodeManifest(manifest), manifest, at);
    return manifest;
  }

  /**
   * When the first newer manifest of the same image name was added: `web:43` supersedes `web:42`, and so does another
   * manifest of `web:42`. Milliseconds since the epoch; undefined when there is none, or no store.
   */
  supersededAt({ digest, image }: Manifest): number | undefined {
    const nameOf = (ref: string): string => ref.replace(/[:@][^:@/]*$/, '');
    const rows = (this.store?.listManifests() ?? []).filter((row) => nameOf(row.ref) === nameOf(image.ref));
    const own = rows.find((row) => row.digest === digest);
    if (!own) return undefined;
    const later = rows.filter((row) => row.addedAt > own.addedAt).map((row) => Date.parse(row.addedAt));
    return later.length === 0 ? undefined : Math.min(...later);
  }

  /** Oldest "newest package" of all known manifests: safe for an instance whose image is found only afterwards. */
  oldest(): number {
    const all = (this.store?.listManifests() ?? []).map(
      (row) => this.ref(row.digest)?.fingerprint.newestPackageAt ?? 0,
    );
    return all.length > 0 ? Math.max(1, Math.min(...all)) : 0;
  }

  private file(path: string): Manifest {
    const known = this.files.get(path);
    if (known) return known;
    const manifest = readManifestFile(path);
    this.files.set(path, manifest);
    return manifest;
  }

  private ref(ref: string): Manifest | undefined {
    if (!this.refs.has(ref)) {
      const bytes = this.store?.findManifest(ref);
      this.refs.set(ref, bytes && decodeManifest(bytes, `the stored manifest of ${ref}`));
    }
    return this.refs.get(ref);
  }
}
