export const severities = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** -1, 0 or 1: which of two severities weighs more. */
export function compareSeverity(a: Severity, b: Severity): number {
  return Math.sign(severities.indexOf(a) - severities.indexOf(b));
}

export const findingKinds = [
  'package',
  'file',
  'process',
  'socket',
  'account',
  'key',
  'service',
  'job',
  'module',
  'setting',
  'mount',
  'instance',
] as const;
export type FindingKind = (typeof findingKinds)[number];
export type Change = 'added' | 'removed' | 'changed' | 'violates';
export type Disposition = 'drift' | 'violation' | 'expected' | 'waived';

/** Attributes of a subject on one side, for people: `{ sha256, mode, owner, size... }`. */
export type Attributes = Record<string, string | number | boolean | string[]>;

/** One difference between manifest and fingerprint, before anybody judged it. */
export interface Drift {
  /** Which stream it comes from. */
  stream: 'files' | 'packages' | 'accounts' | 'sockets';
  change: 'added' | 'removed' | 'changed';
  /** Canonical key. */
  key: string;
  /** Stream values (latin1). */
  before?: string;
  after?: string;
}

/** Who did it, as the instance's own logs tell it: a word that its root can forge, so it excuses nothing. */
export interface Attribution {
  /** Account, or the agent that updates by itself; absent where the log does not say. */
  by?: string;
  /** RFC 3339 UTC. */
  at?: string;
  /** Secrets in it are not shown. */
  command?: string;
  /** Path of the log on the instance, or `journal`. */
  source: string;
}

/** A technique of MITRE ATT&CK, and the tactic it serves here. */
export interface Technique {
  /** E.g. `T1098.004`. */
  id: string;
  name: string;
  tactic: string;
}

/** A drift, a whitelist violation or a broken requirement after policy judged it. */
export interface Finding {
  /** Stable over scans: same instance, kind, change and subject = same id. */
  id: string;
  kind: FindingKind;
  change: Change;
  /** Printable subject: a path, `openssl`, `user eve`, `tcp 0.0.0.0:4444`. */
  subject: string;
  /** Raw bytes of the subject when the printable form loses something. */
  subjectBase64?: string;
  severity: Severity;
  disposition: Disposition;
  /** Id of the rule that decided, e.g. `first-boot/machine-id`. */
  rule: string;
  /** Why it is a finding and why this severity, one sentence. */
  reason: string;
  before?: Attributes;
  after?: Attributes;
  /** Unified diff of a text configuration file. */
  diff?: string;
  /** Package that owns the subject. */
  ownedBy?: string;
  /** Number of single differences that this finding stands for beyond itself. */
  explains: number;
  /** The differences it stands for are a package change, not unexplained. */
  explained: boolean;
  /** Evidence of tampering: keep it before the instance is replaced. */
  tamper: boolean;
  /** The image itself is at fault, so a new instance of it would have the same. */
  imageFault?: boolean;
  /** How many of the scanned instances of the same image show the same. */
  prevalence?: { seen: number; of: number };
  /** When a scan of this instance saw it first, RFC 3339 UTC. */
  firstSeenAt?: string;
  /** Controls that it bears on. */
  controls: string[];
  /** Rules that were about it and did not decide, and why not; the first few. */
  considered?: { rule: string; why: string }[];
  /** What an intruder who leaves such a trace does, in the words of MITRE ATT&CK; only where one clearly fits. */
  attack?: Technique;
  /** What updates packages by itself and did this, by the instance's own logs. */
  agent?: string;
  /** Who did it and when, likeliest first; at most three. */
  attribution?: Attribution[];
}

/** Findings that may be made anew each time somebody goes through them; an array of them is such. */
export type Findings = Iterable<Finding> & { readonly length: number };

/** Live = counts: neither expected nor waived. */
export function isLive(finding: { disposition: Disposition }): boolean {
  return finding.disposition === 'drift' || finding.disposition === 'violation';
}

/** In the order in which the first that holds becomes the verdict. */
export const verdicts = [
  'unreachable',
  'unknown-image',
  'snowflake',
  'violating',
  'drifted',
  'incomplete',
  'clean',
] as const;
export type Verdict = (typeof verdicts)[number];

export interface Recommendation {
  action: 'keep' | 'replace' | 'rebake' | 'investigate';
  /** One sentence that a person can act on. */
  reason: string;
  /** How much was read, and how clear what was found is; docs/judgement.md has the table. */
  confidence: Confidence;
}

export const confidences = ['low', 'medium', 'high'] as const;
export type Confidence = (typeof confidences)[number];
