import { randomBytes, randomInt } from 'node:crypto';
import type { Ask, Depth, Expected } from '../core/ask.ts';
import type { Fingerprint } from '../core/facts.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Instance, Store } from '../core/ports.ts';
import { bucketsOf, contentDigest, contentDigests } from '../fingerprint/buckets.ts';
import { privileged } from '../fingerprint/privileged.ts';
import { type Baseline, nextBaseline, packBaseline, unpackBaseline } from './baseline.ts';
import type { ManifestBook } from './manifests.ts';

/** Within so many quick scans every file is hashed again. */
const scansPerRound = 24;

/** How the files of instances are to be read. */
export interface ReadingOptions {
  /** undefined = quick where the last reading of the same instance can be built on, else full. */
  depth?: Depth;
  scratch: 'memory' | 'none';
  /** Bytes; 0 = no limit. */
  largestFile: number;
  /** Bytes of one instance; 0 = no limit. */
  mostBytes: number;
  /** Percent. */
  cpuShare: number;
  /** The program ends itself after so many. */
  seconds?: number;
}

/** What one instance is asked, and what that builds on. */
export interface Plan {
  ask: Ask;
  baseline?: Baseline;
}

/** Decides for each instance how its files are read, from what is remembered of it; and remembers what was read. */
export class Asks {
  private readonly options: ReadingOptions;
  private readonly manifests: ManifestBook;
  private readonly store: Store | undefined;
  /** Of this scan: what a manifest's buckets hash to is then computed once. */
  private readonly salt = randomBytes(8).toString('hex');
  private readonly expected = new Map<Manifest, Expected>();

  constructor(options: ReadingOptions, manifests: ManifestBook, store: Store | undefined) {
    this.options = options;
    this.manifests = manifests;
    this.store = store;
  }

  /** `manifest` is what is known of the instance's image before it is called. */
  plan(instance: Instance, manifest: Manifest | undefined): Plan {
    const { depth, ...rest } = this.options;
    const baseline = rest.scratch === 'none' ? undefined : this.remembered(instance);
    const common = { ...rest, remember: this.store !== undefined };
    if (baseline && depth !== 'full') {
      const { stream, ends, modified, sweep } = baseline;
      const known = { stream, ends, digests: sweep.digests, modified };
      const checks = privileged(stream, ends);
      const expected = depth === 'metadata' ? known : { ...known, checks, again: chosen(baseline) };
      return { ask: { ...common, depth: depth ?? 'quick', salt: baseline.salt, expected }, baseline };
    }
    const expected = baseline ? this.expectedOf(baseline) : manifest && this.ofManifest(manifest);
    const ask: Ask = { ...common, depth: depth === 'metadata' ? depth : 'full', salt: this.salt };
    return { ask: expected && ask.depth === 'full' ? { ...ask, expected } : ask };
  }

  /** The same without what is remembered: the instance turned out to be another one. */
  afresh(manifest: Manifest | undefined): Plan {
    const ask: Ask = { ...this.options, depth: 'full', remember: this.store !== undefined, salt: this.salt };
    return { ask: manifest ? { ...ask, expected: this.ofManifest(manifest) } : ask };
  }

  /** Keeps what was read for the next quick scan, where it can be built on. */
  remember(
    instance: Instance,
    live: Fingerprint,
    { ask, baseline }: Plan,
    manifest: Manifest | undefined,
    at: string,
  ): void {
    const next = this.store && nextBaseline(live, ask.salt, baseline);
    if (next) this.store?.keepBaseline(packBaseline(instance.id, next, manifest, at));
  }

  private remembered(instance: Instance): Baseline | undefined {
    const row = this.store?.findBaseline(instance.id);
    return row && unpackBaseline(row, row.manifest === '' ? undefined : this.manifests.byDigest(row.manifest));
  }

  private ofManifest(manifest: Manifest): Expected {
    const known =
      this.expected.get(manifest) ?? this.expectedOf({ ...bucketsOf(manifest.fingerprint.files), modified: new Map() });
    this.expected.set(manifest, known);
    return known;
  }

  private expectedOf({ stream, ends, modified }: Pick<Expected, 'stream' | 'ends' | 'modified'>): Expected {
    const digests = contentDigests({ stream, ends }, this.salt);
    return { stream, ends, digests, modified };
  }
}

/**
 * A baseline's buckets that are to be hashed again whatever stat says, and what they held: the ones that were not hashed
 * for longest, and a few at random. An instance cannot know which.
 */
function chosen({ stream, ends, salt, hashedAt }: Baseline): Map<number, string> {
  const again = new Set<number>();
  const share = Math.ceil(ends.length / scansPerRound);
  const order = hashedAt
    .map((at, i) => ({ at, i, luck: randomInt(2 ** 32) }))
    .sort((a, b) => a.at - b.at || a.luck - b.luck);
  for (const { i } of order.slice(0, share)) again.add(i);
  for (let n = 0; n < Math.ceil(share / 4); n++) again.add(randomInt(Math.max(1, ends.length)));
  return new Map([...again].map((i) => [i, contentDigest({ stream, ends }, i, salt)]));
}
