import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { messageOf, UserError } from '../core/errors.ts';
import type { Fingerprint, Gap, GapReason, Stream } from '../core/facts.ts';
import type { Manifest } from '../core/manifest.ts';
import type { ManifestHeader } from '../schema/manifest.ts';
import { manifestDigest, type SectionName, sectionNames, sectionsOf } from './digest.ts';

/** Largest manifest that is unpacked, bytes: 5 million files are about 800 MB. */
const maxBytes = 2_000_000_000;

/** What a manifest is made of, before it has a digest. */
export interface ManifestParts {
  ref: string;
  imageDigest?: string;
  createdAt: string;
  source: string;
  toolVersion: string;
  labels: Record<string, string>;
  fingerprint: Fingerprint;
}

/** Gives a fingerprint an image's identity. */
export function makeManifest(parts: ManifestParts): Manifest {
  const image = { ref: parts.ref, ...(parts.imageDigest ? { digest: parts.imageDigest } : {}) };
  const sections = sectionsOf(parts.fingerprint).map(({ section }) => section);
  return {
    digest: manifestDigest(image, parts.fingerprint, sections),
    image,
    createdAt: parts.createdAt,
    source: parts.source,
    tool: { name: 'snowfence', version: parts.toolVersion },
    labels: parts.labels,
    fingerprint: parts.fingerprint,
  };
}

/** The header line of a manifest. */
export function headerOf(manifest: Manifest): ManifestHeader {
  const { fingerprint, ...identity } = manifest;
  const { id, like, version, pretty, arch } = fingerprint.os;
  return {
    schema: 'snowfence.manifest/v1',
    ...identity,
    os: { id, like, version, pretty, arch },
    excluded: fingerprint.excluded,
    newestPackageAt: fingerprint.newestPackageAt,
    gaps: fingerprint.gaps.map((gap) => ({ ...gap })),
    sections: sectionsOf(fingerprint).map(({ section }) => section),
  };
}

/** A manifest as the bytes of its file: gzip of the header line and the sections. */
export function encodeManifest(manifest: Manifest): Buffer {
  const streams = sectionsOf(manifest.fingerprint).map(({ stream }) => stream);
  return gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(headerOf(manifest))}\n`), ...streams]), { level: 6 });
}

/** Reads a manifest and proves that its sections and its digest are what its header says. `from` names it in errors. @throws UserError */
export function decodeManifest(bytes: Buffer, from: string): Manifest {
  const broken = (what: string, cause?: unknown) =>
    new UserError(
      `${from} is not a usable manifest: ${what}`,
      'make it again with "snowfence manifest create"',
      cause ? { cause } : undefined,
    );
  let raw: Buffer;
  try {
    raw = gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    throw broken(`it is not a whole gzip file (${messageOf(error)})`, error);
  }
  const lf = raw.indexOf(10);
  let header: ManifestHeader;
  try {
    header = JSON.parse(raw.toString('utf8', 0, lf < 0 ? 0 : lf)) as ManifestHeader;
  } catch (error) {
    throw broken('its first line is not JSON', error);
  }
  const wrong = headerMistake(header);
  if (wrong) throw broken(wrong);
  const streams: Partial<Record<SectionName, Stream>> = {};
  let at = lf + 1;
  for (const { name, bytes: length, sha256 } of header.sections) {
    const stream = raw.subarray(at, at + length);
    const found = createHash('sha256').update(stream).digest('hex');
    if (stream.length !== length || found !== sha256)
      throw broken(`section "${name}" was altered or cut (sha256 ${found}, the header says ${sha256})`);
    streams[name] = stream;
    at += length;
  }
  const fingerprint = fingerprintOf(header, streams);
  const image = header.image as Manifest['image'];
  const digest = manifestDigest(image, fingerprint, header.sections);
  if (digest !== header.digest) throw broken(`its digest is ${digest}, the header says ${header.digest}`);
  const { createdAt, source, tool, labels } = header;
  return { digest, image, createdAt, source, tool, labels: labels as Record<string, string>, fingerprint };
}

/**
 * The first thing that is wrong with a header; undefined = usable. By hand and not by the schema, because compiling
 * that costs more than reading a manifest; a test holds the two together.
 */
export function headerMistake(header: unknown): string | undefined {
  const h = header as Partial<ManifestHeader> | null;
  const isText = (value: unknown): value is string => typeof value === 'string';
  if (typeof h !== 'object' || h === null) return 'its first line is no JSON object';
  if (h.schema !== 'snowfence.manifest/v1')
    return `its schema is ${JSON.stringify(h.schema)}, known is "snowfence.manifest/v1"`;
  if (!isText(h.digest) || !isText(h.image?.ref) || !isText(h.createdAt) || !isText(h.source))
    return 'its header lacks digest, image, createdAt or source';
  if (!h.tool || !h.labels || !isText(h.os?.id) || !Array.isArray(h.os?.like))
    return 'its header lacks tool, labels or os';
  if (!Array.isArray(h.excluded) || !h.excluded.every(isText) || !Array.isArray(h.gaps))
    return 'its header lacks excluded or gaps';
  if (!Number.isInteger(h.newestPackageAt)) return 'its header lacks newestPackageAt';
  const known: readonly string[] = sectionNames;
  const sound =
    Array.isArray(h.sections) &&
    h.sections.every((s) => known.includes(s.name) && Number.isInteger(s.bytes) && s.bytes >= 0 && isText(s.sha256));
  return sound ? undefined : 'its header has no sound list of sections';
}

function fingerprintOf(header: ManifestHeader, streams: Partial<Record<SectionName, Stream>>): Fingerprint {
  const none = Buffer.alloc(0);
  const { id, like, version, pretty, arch } = header.os;
  return {
    os: {
      id,
      like: [...like],
      version,
      pretty,
      arch,
      kernel: '',
      hostname: '',
      imageHints: [],
      identity: '',
      launchKeys: [],
      uid: -1,
    },
    excluded: [...header.excluded],
    files: streams.files ?? none,
    packages: streams.packages ?? none,
    owned: streams.owned ?? none,
    accounts: streams.accounts ?? none,
    ...(streams.sockets ? { sockets: streams.sockets } : {}),
    contents: streams.contents ?? none,
    ...(streams.settings ? { settings: streams.settings } : {}),
    root: '',
    modified: new Map(),
    recent: { owner: new Map(), altered: new Set() },
    mounts: [],
    partial: [],
    newestPackageAt: header.newestPackageAt,
    readAt: 0,
    gaps: header.gaps.map((gap) => ({ ...gap, reason: gap.reason as GapReason }) as Gap),
  };
}
