import type { Depth } from './ask.ts';
import type { Gap } from './facts.ts';
import type { Finding, FindingKind, Recommendation, Severity, Verdict } from './finding.ts';

/** The report, `snowfence.report/v1`: the contract with alerting. Additive changes only within v1. */
export interface Report {
  schema: 'snowfence.report/v1';
  scan: {
    id: string;
    startedAt: string;
    finishedAt: string;
    /** As asked for; without a choice `quick` when every instance was read quickly. */
    depth: Depth;
    /** True when the scan was interrupted: instances not reached have a gap that says so. */
    partial: boolean;
    scanner: { version: string };
    probe: { sha256: string };
    policy: { digest: string };
  };
  summary: {
    instances: Record<Verdict, number>;
    findings: Record<Severity, number>;
    gaps: number;
  };
  instances: InstanceReport[];
  fleet: ImageReport[];
  /** Reviewed exceptions of the policies in force, used or not. */
  waivers?: WaiverReport[];
  /** Controls that the policies in force evidence. */
  controls?: ControlReport[];
}

/**
 * A report whose instances may be made on the fly, so that nobody needs to hold them all; a `Report` is one. Iterable more
 * than once, each time in the same order. Who reads it keeps no instance, only what is small of it.
 */
export type ReportView = Omit<Report, 'instances'> & {
  instances: Iterable<InstanceReport> & { readonly length: number };
};

/** What is installed on one instance, as it was read: a report has no list of packages, only what differs. */
export interface PackageList {
  /** `ID` and `VERSION_ID` of os-release; empty when unknown. */
  os: { id: string; version: string };
  /** False when something of it could not be read. */
  complete: boolean;
  /** Canonical facts: `dpkg openssl` -> `3.0.11-1`, and settings of package managers among them. */
  facts: Iterable<[key: string, value: string]>;
}

/** One control of a compliance framework, e.g. `NIST 800-53 CM-6`, over the instances of a scan. */
export interface ControlReport {
  control: string;
  /** `failed` on one is failed; `evidenced` where nothing failed and something could be said. */
  state: 'evidenced' | 'failed' | 'not covered';
  /** Ids of the rules that bear on it. */
  rules: string[];
  /** Instances on which all was read and nothing failed. */
  evidenced: number;
  failed: CitedFindings[];
  waived: CitedFindings[];
  notCovered: { instance: string; why: string }[];
}

/** Findings of one instance that bear on a control. */
export interface CitedFindings {
  instance: string;
  /** Ids, gravest first; the first twenty. */
  findings: string[];
  /** How many there are beyond those; absent when there are none. */
  more?: number;
}

/** A waiver at the time of a scan. */
export interface WaiverReport {
  id: string;
  owner: string;
  reason: string;
  ticket?: string;
  /** RFC 3339 UTC. */
  expires: string;
  /** `pending` has not begun; `expiring` ends within 14 days; `expired` is never honoured. */
  state: 'active' | 'pending' | 'expiring' | 'expired';
  /** Findings of this scan that it covers. */
  used: number;
}

export interface InstanceReport {
  id: string;
  uri: string;
  name: string;
  group: string;
  labels: Record<string, string>;
  os?: string;
  image: { ref: string; digest?: string };
  manifest: { digest: string; signedBy?: string } | null;
  /** Cloud instance id or machine id; absent where it has none or was not reached. */
  identity?: string;
  /** RFC 3339 UTC, as far as the instance knows. */
  launchedAt?: string;
  /** Signs that it holds data that a new instance would not have. */
  stateful?: string[];
  verdict: Verdict;
  flags: Verdict[];
  /** 0-100; how it is computed stands in docs/judgement.md. */
  score: number;
  recommendation: Recommendation;
  coverage: Coverage;
  gaps: Pick<Gap, 'probe' | 'reason' | 'detail'>[];
  findings: ReportFinding[];
  /** Seconds from connect to the last byte. */
  seconds: number;
}

export interface Coverage {
  /** How the files were read; absent when the instance was not reached. */
  depth?: Depth;
  /** Share of the regular files in scope that were hashed, 0-1. */
  files: number;
  filesSeen: number;
  filesHashed: number;
  bytesHashed: number;
  /** Files hashed by this scan; the others hold since an earlier one. */
  filesHashedNow?: number;
  /** Bytes that came over the wire. */
  bytesReceived?: number;
  processes?: number;
  /** Were listening sockets judged? Not where neither the manifest nor a rule says which there may be. */
  socketsJudged?: boolean;
  /** Of these, processes of containers: another image's business, not judged here. */
  containerProcesses?: number;
  /** When the oldest hash that this verdict relies on was read, RFC 3339 UTC. */
  oldestHashAt?: string;
  /** Directories out of scope by definition. */
  excluded: string[];
}

export type ReportFinding = Omit<Finding, 'explained'>;

/** What the instances of one image have in common, and who stands out. */
export interface ImageReport {
  image: string;
  instances: number;
  /** Findings that more than half of the instances share. */
  consensus: { kind: FindingKind; change: string; subject: string; seen: number; of: number }[];
  /** Instances with the same set of findings. */
  clusters: { findings: number; instances: string[] }[];
  /** Ids of the instances with verdict `snowflake`. */
  snowflakes: string[];
  /** Instances that differ from what most share: live findings of their own, and those of most that they lack. Farthest first. */
  outliers?: {
    instance: string;
    own: number;
    missing: number;
    /** (own + missing) / (live findings of either), 0-1. */
    distance: number;
  }[];
  /** Packages that the instances hold in different versions (`none`: not at all), and since when a scan has seen it. */
  skew?: { package: string; versions: { version: string; instances: number; since?: string }[] }[];
  /** What to do with the image; absent, like the two before it, in reports of scanners before them. */
  recommendation?: Recommendation;
}

/** What happens while a scan runs, in order; the NDJSON format and the progress line listen to it. */
export type ScanEvent =
  | { type: 'scan-started'; id: string; startedAt: string; instances: number }
  | { type: 'instance-started'; instance: string; at: string }
  | { type: 'instance-progress'; instance: string; bytes: number }
  | { type: 'instance-finished'; instance: string; at: string; gaps: number; files: number; bytesHashed: number }
  | { type: 'instance-judged'; instance: InstanceReport }
  | { type: 'scan-finished'; scan: Report['scan']; summary: Report['summary']; fleet: ImageReport[] };
