import type { BucketFacts } from './buckets.ts';

/** What the parser found out beside the lines themselves. */
export interface FileFacts {
  /** `key NUL type mode uid gid size sha256 attributes [link]` per entry, unsorted, latin1. */
  lines: string[];
  /** Canonical key -> mtime, for those newer than the image. */
  modified: Map<string, number>;
  /** Canonical keys of regular files that were seen but whose content could not be read. */
  unhashed: string[];
  /** Canonical keys of directories that may not be read. */
  closed: string[];
  /** Mounts left out: canonical key and file system type. */
  mounts: { path: string; type: string }[];
  /** What the walk by buckets brought; `lines` then holds the odd names only. */
  buckets?: BucketFacts;
  /** Files that were not hashed because the budget of bytes ran out. */
  overBudget: number;
  /** Keys of files that were changed while they were read. */
  changing: string[];
  /** Canonical key of a file with more than one name -> `inode ctime`, by which names of one file are told. */
  inodes: Map<string, string>;
  /** The walk came to its end, twice. */
  complete: boolean;
  /** Canonical keys of entries whose attributes were not read to the end, although something is there that reads them. */
  unread: string[];
  /** There were more entries than are taken in. */
  tooMany: boolean;
  /** It answers another question than ours. */
  stale: boolean;
  /** Something did not follow the protocol. */
  garbled: boolean;
}
