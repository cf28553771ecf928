import { gunzipSync, gzipSync } from 'node:zlib';
import type { Fingerprint, Stream } from '../core/facts.ts';
import type { PackageList } from '../core/report.ts';
import { readStream } from '../fingerprint/stream.ts';

interface Kept {
  /** The image's own list where the instance's is the same, else the instance's, packed. */
  stream: { same: Stream } | { packed: Buffer };
  os: PackageList['os'];
  complete: boolean;
}

/** The packages of the instances of one scan: a report does not hold them, and a list of all of them wants them. */
export class PackageBook {
  private readonly kept = new Map<string, Kept>();

  /** Keeps what was read of an instance; `image` is its image's fingerprint, which is held anyway. */
  keep(instance: string, live: Fingerprint, image: Fingerprint | undefined): void {
    const same = image?.packages.equals(live.packages) ? image.packages : undefined;
    this.kept.set(instance, {
      stream: same ? { same } : { packed: gzipSync(live.packages) },
      os: { id: live.os.id, version: live.os.version },
      complete: !live.gaps.some(({ probe }) => probe === 'packages'),
    });
  }

  /** The packages of an instance; undefined when it was not read. */
  of(instance: string): PackageList | undefined {
    const kept = this.kept.get(instance);
    if (!kept) return undefined;
    const { stream, os, complete } = kept;
    return { os, complete, facts: readStream('same' in stream ? stream.same : gunzipSync(stream.packed)) };
  }
}
