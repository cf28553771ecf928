import { createHash } from 'node:crypto';
import type { Fingerprint, Stream } from '../core/facts.ts';

/** The streams of a manifest, in file order. */
export const sectionNames = ['files', 'packages', 'owned', 'accounts', 'sockets', 'contents', 'settings'] as const;
export type SectionName = (typeof sectionNames)[number];

/** One section as the header of a manifest file describes it. */
export interface Section {
  name: SectionName;
  /** Uncompressed bytes. */
  bytes: number;
  sha256: string;
}

/** Sections of a fingerprint; one that does not apply is left out. */
export function sectionsOf(fingerprint: Fingerprint): { section: Section; stream: Stream }[] {
  return sectionNames.flatMap((name) => {
    const stream = fingerprint[name];
    return stream
      ? [{ section: { name, bytes: stream.length, sha256: createHash('sha256').update(stream).digest('hex') }, stream }]
      : [];
  });
}

/**
 * The digest of a manifest: over what the image is (ref, digest, operating system, scope, sections), not over when,
 * where and with which version of the tool it was captured. The same source twice gives the same digest.
 */
export function manifestDigest(
  image: { ref: string; digest?: string },
  fingerprint: Fingerprint,
  sections: Section[],
): string {
  const { id, version } = fingerprint.os;
  const identity = JSON.stringify({
    schema: 'snowfence.manifest/v1',
    image: { ref: image.ref, digest: image.digest ?? null },
    os: { id, version },
    excluded: fingerprint.excluded,
    sections: sections.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
  });
  return `sha256:${createHash('sha256').update(identity).digest('hex')}`;
}
