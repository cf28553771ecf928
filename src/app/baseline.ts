import { gunzipSync, gzipSync } from 'node:zlib';
import type { Sweep } from '../core/ask.ts';
import type { Fingerprint } from '../core/facts.ts';
import type { Manifest } from '../core/manifest.ts';
import type { BaselineRow } from '../core/ports.ts';
import { bucketsOf, endsByCounts, partOdd } from '../fingerprint/buckets.ts';
import { decodeDelta, encodeDelta } from '../fingerprint/delta.ts';
import { lookup } from '../fingerprint/stream.ts';

/** Changes when the cut of buckets, the lines of a sweep or this packing changes: older baselines are then forgotten. */
const format = 1;

/** Most that a stored baseline may unpack to. Bytes. */
const maxOutputLength = 1024 * 1024 * 1024;

/** The last trusted reading of an instance's files. */
export interface Baseline {
  identity: string;
  salt: string;
  sweep: Sweep;
  /** Epoch seconds when the files of each bucket were last hashed. */
  hashedAt: number[];
  modified: Map<string, number>;
  /** The `files` stream without odd names, and where its buckets end. */
  stream: Buffer;
  ends: number[];
}

interface Header {
  format: number;
  salt: string;
  counts: number[];
  digests: string[];
  hashedAt: number[];
  modified: [string, number][];
}

/** A baseline as the store keeps it: a header, and what the files have beside the manifest's. */
export function packBaseline(
  instance: string,
  baseline: Omit<Baseline, 'ends'>,
  manifest: Manifest | undefined,
  recordedAt: string,
): BaselineRow {
  const { identity, salt, sweep, hashedAt, modified, stream } = baseline;
  const header: Header = { format, salt, ...sweep, hashedAt, modified: [...modified] };
  const packed = gzipSync(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(packed.length);
  const base = bucketsOf(manifest?.fingerprint.files ?? Buffer.alloc(0));
  const files = Buffer.concat([length, packed, gzipSync(encodeDelta(stream, base), { level: 1 })]);
  return { instance, identity, manifest: manifest?.digest ?? '', recordedAt, files };
}

/** The baseline again; undefined when it is of another format or does not fit the manifest: then a full scan makes a new one. */
export function unpackBaseline(row: BaselineRow, manifest: Manifest | undefined): Baseline | undefined {
  if (row.manifest !== (manifest?.digest ?? '')) return undefined;
  try {
    const split = 4 + row.files.readUInt32BE(0);
    const header = JSON.parse(gunzipSync(row.files.subarray(4, split), { maxOutputLength }).toString('utf8')) as Header;
    if (header.format !== format) return undefined;
    const { salt, counts, digests, hashedAt, modified } = header;
    const stream = decodeDelta(
      gunzipSync(row.files.subarray(split), { maxOutputLength }),
      bucketsOf(manifest?.fingerprint.files ?? Buffer.alloc(0)),
    );
    const ends = endsByCounts(stream, counts);
    if (!ends) return undefined;
    return {
      identity: row.identity,
      salt,
      sweep: { counts, digests },
      hashedAt,
      modified: new Map(modified),
      stream,
      ends,
    };
  } catch {
    return undefined;
  }
}

/** What a reading leaves for the next one; undefined when it cannot be built on: not whole, or not hashed. */
export function nextBaseline(
  live: Fingerprint,
  salt: string,
  before: Baseline | undefined,
): Omit<Baseline, 'ends'> | undefined {
  const { reading, os, readAt } = live;
  const sound = !live.partial.includes('files') && !live.gaps.some((gap) => gap.probe === 'files');
  if (!reading?.sweep || reading.depth === 'metadata' || !sound || os.identity === '') return undefined;
  const stream = partOdd(live.files).plain;
  const { origins, depth } = reading;
  const hashedAt =
    depth === 'quick'
      ? origins.map((origin) => (origin < 0 ? readAt : (before?.hashedAt[origin] ?? 0)))
      : reading.sweep.counts.map(() => readAt);
  const modified = new Map([...live.modified].filter(([key]) => lookup(stream, key) !== undefined));
  return { identity: os.identity, salt, sweep: reading.sweep, hashedAt, modified, stream };
}
