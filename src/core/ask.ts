import type { Stream } from './facts.ts';

/**
 * How much is hashed. `full`: every regular file. `quick`: the files of those buckets where stat says something else
 * than at the last trusted scan of the same instance, and those that the scanner chose to see again. `metadata`: none.
 */
export const depths = ['full', 'quick', 'metadata'] as const;
export type Depth = (typeof depths)[number];

/** A `files` stream cut into buckets of consecutive lines; see fingerprint/buckets.ts. Odd names are not in it. */
export interface Buckets {
  stream: Stream;
  /** Offset behind the last byte of each bucket, ascending; the last one is the stream's length. */
  ends: number[];
}

/** One file of a bucket by its line, counted from 1, and the hex sha256 of what it held. */
export interface FileCheck {
  line: number;
  sha256: string;
}

/** What the scanner expects to see: buckets that are as expected are not sent. */
export interface Expected extends Buckets {
  /** 16 hex digits a bucket; `-` for one that is to be sent whatever it holds. */
  digests: string[];
  /**
   * Buckets (by place) that are hashed again whatever stat says, with the digest of what they held: where both digests are
   * as expected, nothing of them is sent.
   */
  again?: ReadonlyMap<number, string>;
  /** Files (by place of their bucket) that are hashed again whatever stat says; where one differs, its whole bucket is sent. */
  checks?: ReadonlyMap<number, readonly FileCheck[]>;
  /** Modification times that are known already: those of files newer than the image. */
  modified: Map<string, number>;
}

/** What is asked of the walk over the files. */
export interface Ask {
  depth: Depth;
  /** Where the walk may keep its lists on the instance: on a memory file system, or nowhere. */
  scratch: 'memory' | 'none';
  /** Larger files are not hashed. Bytes; 0 = no limit. */
  largestFile: number;
  /** Most that is hashed of one instance; what is left is unknown. Bytes; 0 = no limit. */
  mostBytes: number;
  /** Share of the time that may be spent hashing, in percent. */
  cpuShare: number;
  /** Say with a full scan what a quick one needs to know. */
  remember: boolean;
  /** Goes before the content of each bucket, so that nobody can make files whose buckets collide. */
  salt: string;
  expected?: Expected;
  /** The program ends itself after so many seconds; undefined = a day. */
  seconds?: number;
}

/** What a later quick scan is compared with. */
export interface Sweep {
  /** Entries of each bucket, and the digest of what stat says about them. */
  counts: number[];
  digests: string[];
}
