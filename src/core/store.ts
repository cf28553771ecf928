import type { Manifest } from './manifest.ts';
import type { MakeOutgoing, Outbox } from './notify.ts';
import type { Journal } from './replacement.ts';
import type { JobBook, Locks, PruneAsk, Pruned, TrendAsk, TrendRow } from './schedule.ts';

/** A scan as the store remembers it. */
export interface ScanRow {
  id: string;
  startedAt: string;
  finishedAt: string;
  instances: number;
  findings: number;
  worst: string;
  partial: boolean;
}

/** One finding of one scan as the store remembers it. */
export interface FindingRow {
  id: string;
  instance: string;
  kind: string;
  change: string;
  subject: string;
  severity: string;
  disposition: string;
  firstSeenAt: string;
  lastSeenAt: string;
}

/** One look at an instance as the store remembers it. */
export interface LookRow {
  /** When the scan began. */
  startedAt: string;
  verdict: string;
  /** 0-100. */
  score: number;
  /** False when the instance was not read in full. */
  complete: boolean;
  /** Live findings then; those that went and came again count from when they came again. */
  live: number;
}

/** A manifest as the store lists it. */
export interface ManifestRow {
  digest: string;
  ref: string;
  createdAt: string;
  addedAt: string;
  files: number;
  packages: number;
  bytes: number;
}

/** The last trusted reading of an instance's files: what a quick scan is compared with. */
export interface BaselineRow {
  instance: string;
  /** Cloud instance id or machine id: a rebuilt machine on an old address has no baseline. */
  identity: string;
  /** Digest of the manifest that `files` is a delta of; empty when it stands for itself. */
  manifest: string;
  /** RFC 3339 UTC. */
  recordedAt: string;
  /** Packed; app/baseline.ts knows the format. */
  files: Buffer;
}

/** The memory of the tool. All times RFC 3339 UTC. */
export interface Store {
  /** Keeps one copy per digest; the newest addition of a ref is what `manifestByRef` finds. */
  addManifest(encoded: Buffer, manifest: Manifest, addedAt: string): void;
  /** Encoded bytes of the newest manifest with this ref, image digest or manifest digest (or a prefix of 12+ hex digits of one). */
  findManifest(refOrDigest: string): Buffer | undefined;
  listManifests(): ManifestRow[];
  /** Oldest first-seen time of each finding id of an instance, for those that were live at its last scan. */
  firstSeen(instance: string, identity: string): Map<string, string>;
  /** Keeps one baseline an instance: the newest. */
  keepBaseline(row: BaselineRow): void;
  findBaseline(instance: string): BaselineRow | undefined;
  /**
   * Remembers a report and its findings in one transaction. `head` is the JSON text of the report with `"instances": []`; the instances
   * are gone through once.
   */
  addScan(row: ScanRow, head: string, instances: Iterable<RememberedInstance>, outgoing?: MakeOutgoing): void;
  listScans(limit: number): ScanRow[];
  /** A scan by id, unique prefix of an id, `last`, or `last~N`. */
  findScan(id: string): StoredScan | undefined;
  /** Findings ever seen of an instance, newest first. */
  listFindings(instance: string): FindingRow[];
  /** The last looks at an instance, newest first. */
  listLooks(instance: string, limit: number): LookRow[];
  /** What was replaced, and how far it came. */
  readonly journal: Journal;
  /** Notifications that are to be sent. */
  readonly outbox: Outbox;
  /** When jobs of fleet files ran. */
  readonly jobs: JobBook;
  /** Who scans which fleet now. */
  readonly locks: Locks;
  /**
   * Forgets old scans, what was resolved and delivered before the oldest that is left; never the newest scan, nor manifests, baselines
   * and the journal. `dry`: counts, and forgets nothing.
   */
  prune(ask: PruneAsk, dry: boolean): Pruned;
  /** What scans saw, oldest first, image by image and group by group. */
  trend(ask: TrendAsk): Iterable<TrendRow>;
  /** Can it be written now? @throws UserError with what is wrong. */
  probe(): void;
  close(): void;
}

/** A remembered report, in parts. */
export interface StoredScan {
  row: ScanRow;
  /** JSON text of the report; of early stores with its instances, else with none. */
  head: string;
  /** JSON texts of its instances, read when they are asked for. */
  instances: Iterable<string> & { readonly length: number };
}

export interface RememberedInstance {
  id: string;
  identity: string;
  /** Ref of its image; empty where nothing is known. */
  image: string;
  group: string;
  verdict: string;
  score: number;
  /** False when the instance was not read in full: findings not seen this time are then not resolved. */
  complete: boolean;
  findings: Omit<FindingRow, 'instance' | 'firstSeenAt' | 'lastSeenAt'>[];
  /** JSON text of its part of the report. */
  report: string;
}

/** How a store is opened: `path` is whatever names it, a file for `sqlite`. `open` throws a UserError that names it. */
export interface StoreProvider {
  open(path: string): Store;
}
