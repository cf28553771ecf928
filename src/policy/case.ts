import type { Fingerprint } from '../core/facts.ts';
import type { Drift, Finding } from '../core/finding.ts';
import type { FileValue } from '../fingerprint/files.ts';
import type { CompiledPolicy } from './compile.ts';
import type { PackageKey } from './managers.ts';

/** One instance before the judge: everything it may look at. Pure data, no clock. */
export interface Case {
  instance: { id: string; group: string; imageRef: string };
  image: Fingerprint;
  live: Fingerprint;
  drifts: Drift[];
  policy: CompiledPolicy;
  /** Milliseconds since the epoch, on the scanner's clock: for the expiry of waivers. */
  now: number;
  /** When a newer manifest of the same image name was added, milliseconds since the epoch; undefined when there is none. */
  supersededAt?: number;
}

/** A value that no other instance, and not the image, may hold. Settled when the whole fleet is known. */
export interface UniqueClaim {
  rule: string;
  subject: string;
  /** sha256 of the value. */
  value: string;
  /** The image holds the same value: every instance shares it. */
  inImage: boolean;
}

/** The judgement of one instance. */
export interface Judgement {
  findings: Finding[];
  claims: UniqueClaim[];
}

/** What packages did, as far as other findings need to know. */
export interface PackageChanges {
  /** Names of packages of the system's manager added, removed or changed. */
  changed: Set<string>;
  /** Finding of each package by its owner's word, those of other managers too. */
  findings: Map<string, Finding>;
  /** Finding that stands for each changed setting of a manager, by its key; of a package where that brought it. */
  settings: Map<string, Finding>;
  /** The packages with what differs of them. */
  drifts: { key: PackageKey; drift: Drift; finding: Finding }[];
  /** All findings to report. */
  own: Finding[];
}

/** One drift of a file with both sides taken apart. */
export interface FileDrift {
  drift: Drift;
  before?: FileValue;
  after?: FileValue;
  /** The package that owns it in the image, if any. */
  ownedBy?: string;
  /** It was added and is another name (hard link) of this file of the image: canonical path. */
  sameAs?: string;
}
