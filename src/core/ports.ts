import type { Claim } from './claim.ts';
import type { ContainerFacts, HeldImage, RootArchive } from './container.ts';
import type { GapReason } from './facts.ts';
import type { Arrival, Reach } from './reach.ts';

export type { Arrival, Reach } from './reach.ts';
export type {
  BaselineRow,
  FindingRow,
  ManifestRow,
  RememberedInstance,
  ScanRow,
  Store,
  StoredScan,
  StoreProvider,
} from './store.ts';

/** Who is to be scanned, as the inventory knows it. */
export interface Instance {
  /** Stable name of the instance in reports and history. */
  id: string;
  /** `ssh://user@host:port`, `ssm://i-0abc`, `docker://NAME`, `local:`, `rootfs:/dir`. */
  uri: string;
  name: string;
  group: string;
  labels: Record<string, string>;
  /** Image reference, when the inventory knows it. */
  image?: string;
  /** Path of a manifest file, when the inventory names one. */
  manifest?: string;
  /** Public keys (OpenSSH lines) that it was given at launch, when the inventory knows them. */
  launchKeys?: string[];
  reach: Reach;
}

/** Limits of one session. Milliseconds and bytes. */
export interface Limits {
  connectMs: number;
  /** Longest silence while the program runs. */
  idleMs: number;
  /** The whole instance, from connect to the last byte. */
  totalMs: number;
  maxBytes: number;
  /** Where the bytes of the answer are asked for; undefined = only `maxBytes` counts. */
  claim?: Claim;
}

/** What a program run on an instance gave back. Never throws for what the instance did: `ended` says how it ended. */
export interface Answer {
  stdout: Buffer;
  /** At most the first 8 KiB. */
  stderr: string;
  /** Exit status of the program; null when it did not end by itself. */
  exitCode: number | null;
  /**
   * `memory`: the answers of all instances together took more than they may, and this was the largest. `flood`: the
   * connection carried much that was no answer.
   */
  ended: 'exit' | 'cut' | 'timeout' | 'idle' | 'limit' | 'flood' | 'memory' | 'interrupted';
  /** Why the program was not run at all, where the way in knows (sudo refused). */
  refused?: { reason: GapReason; detail: string };
}

/** Arguments of the probe program: which root, live or offline, and since when packages and files count as recent. */
export interface ProgramArguments {
  /** Absolute directory on the instance; `/` for the whole of it. */
  root: string;
  mode: 'live' | 'offline';
  /** Epoch seconds; 0 = everything. */
  since: number;
  /** Absolute paths that the walk leaves out; only for sessions that offered them (`container.mounts`). */
  skip?: readonly string[];
}

/** Bytes for the standard input of a program that is running. */
export interface SessionInput {
  /** Written once this was seen on standard output: before that, the shell may still be reading the program. */
  after: string;
  bytes: Buffer;
}

/** An open way to one instance. */
export interface Session {
  /**
   * Runs a POSIX shell program given on standard input with positional parameters `root mode since skip...`. A session that
   * cannot write to a running program ends its input behind the program: then the program asks for nothing.
   */
  run(
    program: string,
    args: ProgramArguments,
    onBytes?: (total: number) => void,
    input?: SessionInput,
  ): Promise<Answer>;
  /** Only where the instance is a container whose runtime we talk to. */
  container?: ContainerFacts;
  /** Only where no program can be run, because there is no shell: the files instead, and `run` is not to be called. */
  archive?(onBytes?: (total: number) => void): Promise<RootArchive>;
  /** Frames of the probes `processes` and `sockets` (see collect) as the kernel shows them from outside; undefined where that may not be read. */
  outside?(): Promise<{ processes: Buffer; sockets: Buffer } | undefined>;
  readonly arrival?: Arrival;
  close(): Promise<void>;
}

/** A way to reach instances. `open` throws a `ReachError` with a reason and a hint. */
export interface Transport {
  /** URI scheme without colon. */
  scheme: string;
  /** What the program is asked about: a whole live instance, or a directory read offline. */
  scope(instance: Instance): Pick<ProgramArguments, 'root' | 'mode'>;
  open(instance: Instance, limits: Limits, signal: AbortSignal): Promise<Session>;
  /** The image that the instance was made from, where somebody other than the instance knows it. @throws ReachError */
  image?(instance: Instance, limits: Limits, signal: AbortSignal): Promise<HeldImage>;
}

/** One entry of an image's file tree. Strings are raw latin1 bytes; `path` is absolute, normalised, without trailing slash. */
export interface TreeEntry {
  path: string;
  /** As `find -printf %y`: f file, d directory, l link, b/c device, p fifo, s socket. */
  type: 'f' | 'd' | 'l' | 'b' | 'c' | 'p' | 's';
  /** Permission bits with setuid, setgid and sticky: 0-07777. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes, for regular files; 0 otherwise. */
  size: number;
  /** Hex, for regular files; empty otherwise. */
  sha256: string;
  /** Hex of the `security.capability` attribute; empty when there is none. */
  capabilities: string;
  /** Target of a symbolic link; empty otherwise. */
  link: string;
  /** Modification time, epoch seconds. */
  mtime: number;
  /** Names of a regular file that has more than one (hard links), and what those of one file have in common. */
  links?: number;
  inode?: string;
}

/** Decides from path (raw latin1), size and mode whether the content of a regular file is to be kept. */
export type Wanted = (path: string, size: number, mode: number) => boolean;

/** A whole image as its source shows it, layers applied. */
export interface ImageTree {
  entries: Map<string, TreeEntry>;
  /** path -> content of the wanted files that are in the final image. */
  contents: Map<string, Buffer>;
  /** The image's own digest (`sha256:...` of the configuration) where it has one. */
  digest?: string;
  /** Names that the source carries (repository tags), for messages. */
  names: string[];
}

/** Where a manifest can be made from, beside a running instance. */
export interface ManifestSource {
  /** Prefix of the SOURCE argument without colon, e.g. `docker-archive`. */
  scheme: string;
  /** Reads the whole image in one go, nothing extracted to disk. @throws UserError for a file that is not what it should be. */
  read(location: string, wanted: Wanted, signal: AbortSignal): Promise<ImageTree>;
}
