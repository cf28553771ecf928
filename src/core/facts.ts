import type { Depth, Sweep } from './ask.ts';
import type { DeedFact } from './deeds.ts';
import type { Running } from './running.ts';

/**
 * A canonical stream: facts of one kind as bytes, one a line, `key NUL value LF`, sorted by key in byte order.
 * Keys and values carry no NUL and no LF; `\` and LF in a name are escaped as `\\` and `\n` (see core/bytes.ts).
 * Two equal sets of facts are equal byte for byte, so a digest of the stream is a digest of the set.
 */
export type Stream = Buffer;

/** Why something in scope could not be read. Unknown is never "absent" and never "equal". */
export type GapReason =
  | 'unreachable' // no connection: refused, no route, name not found, connect timeout
  | 'auth' // the instance answered but did not let us in
  | 'host-key' // the instance is not proved to be the one we know
  | 'timeout' // a time limit ran out while it was being read
  | 'cut' // the answer ended before its end mark
  | 'permission' // the account we came in with may not read it
  | 'tool-missing' // the instance lacks what is needed to read it
  | 'covered' // a mount hides what the image has there
  | 'unreadable' // reading failed (I/O error)
  | 'garbled' // the answer does not follow the protocol
  | 'limit' // a budget of ours ran out
  | 'interrupted' // a person stopped the scan
  | 'unsupported'; // this source cannot hold or say it

/** Something that could not be read, where, and why. */
export interface Gap {
  /** Name of the probe that has the gap, or `connect`. */
  probe: string;
  reason: GapReason;
  /** One line for a person: what, how many, and what to do. */
  detail: string;
  /** Canonical keys of files, or of directories with all below them, that are unknown because of this gap. */
  paths?: string[];
}

/** Identity of the operating system and of this boot of this machine. */
export interface OsFact {
  /** `ID` of os-release, lower case; empty when unknown. */
  id: string;
  /** `ID_LIKE` of os-release, split. */
  like: string[];
  version: string;
  pretty: string;
  kernel: string;
  arch: string;
  hostname: string;
  /** Names under which the image of this instance may be known, best first (instance metadata, IMAGE_ID...). */
  imageHints: string[];
  /** Cloud instance id or machine id: tells a rebuilt machine on an old address from the old machine. */
  identity: string;
  /** Public keys (the base64 blob) that the platform gave the instance at launch, as cloud-init recorded them. */
  launchKeys: string[];
  /** Name servers that leases and metadata name; undefined = nothing says which there are. */
  nameServers?: string[];
  /** When it was first and last started, epoch seconds on its own clock; undefined when it does not say. */
  launchedAt?: number;
  bootedAt?: number;
  /** Numeric user id the program ran as; -1 when unknown. */
  uid: number;
}

/** A running process as the kernel shows it. Strings are canonical (escaped) bytes. */
export interface ProcessFact {
  pid: number;
  ppid: number;
  /** Kernel's short name, at most 15 bytes. */
  comm: string;
  /** Argument vector; user-writable, may be empty. */
  argv: string[];
  /** Target of /proc/PID/exe without the kernel's " (deleted)" mark; empty when unreadable or a kernel thread. */
  exe: string;
  /** The file that runs has no name any more (deleted or replaced on disk). */
  deleted: boolean;
  /** `device:inode` of the running file. */
  exeId: string;
  /** sha256 of the running file read through /proc; empty when unknown. */
  sha256: string;
  /** Effective user id; -1 when unknown. */
  uid: number;
  /** Start, seconds since the epoch. */
  startedAt: number;
  /** Resident memory in bytes. */
  rss: number;
  /** CPU time since it started. */
  cpuSeconds?: number;
  /** Sockets that it holds; undefined when its descriptors could not be read. */
  openSockets?: number;
  /** `device:inode` of its root directory: other than the instance's own = a container's process. */
  root: string;
  /** It sees the mounts that we see: then another root directory is a chroot of this server, no container. */
  ownMounts: boolean;
}

/** What a package database says of a file, beside whose it is: what was not said is not compared. */
export interface Shipped {
  /** Hex sha256 of a regular file. */
  sha256?: string;
  /** Permission bits, octal without leading zeros. */
  mode?: string;
  /** Name or number. */
  user?: string;
  group?: string;
  /** Target of a symbolic link. */
  link?: string;
  /** Has file capabilities. */
  capabilities?: boolean;
}

/** What the package database of a running instance says of packages installed since the image was made. */
export interface RecentPackages {
  /** path -> `package` for every path of those packages (canonical keys, links resolved). */
  owner: Map<string, string>;
  /** Paths whose content is not what their package installed. */
  altered: Set<string>;
}

/** How the files of an instance were read: what a scan cost and what a later quick one builds on. */
export interface Reading {
  depth: Depth;
  /** Bytes that came over the wire. */
  answerBytes: number;
  /** What was hashed this time, where only some buckets were; undefined = all. */
  hashed?: { files: number; bytes: number };
  /** Present when the walk by buckets was done. */
  sweep?: Sweep;
  /** For each bucket: its place among the expected ones, -1 when it was hashed now. */
  origins: number[];
}

/** All facts of one instance or image at one time, in canonical order. */
export interface Fingerprint {
  os: OsFact;
  /** Directories left out on purpose, canonical, without trailing slash. */
  excluded: string[];
  /** path -> `type mode uid gid size sha256 capabilities NUL-free link target`; see fingerprint/files.ts. */
  files: Stream;
  /** `manager name[:arch]` -> versions joined by comma. */
  packages: Stream;
  /** path -> `package md5|- [conffile]`: what the package database says about each file. */
  owned: Stream;
  /** `user NAME` | `group NAME` -> fields. */
  accounts: Stream;
  /** `proto address port executable` -> empty: listening sockets; undefined where not applicable (offline). */
  sockets?: Stream;
  /** `kernel.kptr_restrict` -> value: settings of a running kernel that matter for security; undefined where none runs. */
  settings?: Stream;
  /** path -> escaped text of small, public configuration files. */
  contents: Stream;
  /** undefined where there are none to see (offline). */
  processes?: ProcessFact[];
  /** What else only a running system tells; undefined where there is none (offline, manifests). */
  running?: Running;
  /** `device:inode` of the instance's root directory. */
  root: string;
  /** path -> modification time in epoch seconds, for files modified since the image was made. Evidence, never compared. */
  modified: Map<string, number>;
  recent: RecentPackages;
  /** What the instance's logs say was done since the image was made, newest first. Evidence, never compared. */
  deeds?: DeedFact[];
  /** Mounts that were left out because of their file system (network, pseudo, containers), or `attached` by a container's runtime: canonical path and type. */
  mounts: { path: string; type: string; attached?: true }[];
  /** Probes whose answer is not whole: what they do not mention is unknown, not absent. */
  partial: string[];
  /** Newest installation time in the package database, epoch seconds; 0 when unknown. */
  newestPackageAt: number;
  /** Files that were changed while they were read: their digest is of no one moment. */
  changing?: Set<string>;
  /** Canonical path -> `inode ctime` of files with more than one name that were read anew. Tells which names are one file; never compared. */
  inodes?: Map<string, string>;
  /** How the files were read; undefined for what was not read from an instance. */
  reading?: Reading;
  /** Epoch seconds on the instance's clock when it was read. */
  readAt: number;
  gaps: Gap[];
}
