import type { Fingerprint, Gap, OsFact, Stream } from '../core/facts.ts';
import type { Finding } from '../core/finding.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Instance } from '../core/ports.ts';
import type { Coverage } from '../core/report.ts';
import { compare } from '../drift/drift.ts';
import { type Line, mergeStreams } from '../drift/merge.ts';
import { isContained } from '../fingerprint/contained.ts';
import { type HashTotals, hashTotals } from '../fingerprint/totals.ts';
import type { KeptFindings } from '../fleet/keeper.ts';
import type { UniqueClaim } from '../policy/case.ts';
import { type CompiledPolicy, type Concern, compilePolicy } from '../policy/compile.ts';
import { type Evidence, evidenceOf } from '../policy/evidence.ts';
import { judge } from '../policy/judge.ts';
import type { Policy } from '../schema/policy.ts';
import type { Baseline } from './baseline.ts';

/** What is left of an instance after it was read and judged: the fingerprint itself is let go, so memory stays flat. */
export interface Outcome extends KeptFindings {
  instance: Instance;
  reached: boolean;
  manifest?: Manifest;
  os: string;
  identity: string;
  /** Epoch seconds; 0 = unknown. */
  launchedAt: number;
  stateful: string[];
  claims: UniqueClaim[];
  gaps: Gap[];
  coverage: Coverage;
  seconds: number;
  readAt: string;
  /** By control, what the policy asked of it; shared by all whom the same rules concern. */
  evidence?: Map<string, Evidence>;
}

/** What a fingerprint was judged to be. */
export interface Judged extends Pick<Outcome, 'claims' | 'gaps' | 'evidence'> {
  findings: Finding[];
  socketsJudged: boolean;
}

/** Compiled rules by what they concern: instances of one image share them, and compiling hundreds of globs is not free. */
export type CompileFor = (concern: Concern) => CompiledPolicy;

export function policyCompiler(policies: Policy[]): CompileFor {
  const known = new Map<string, CompiledPolicy>();
  return (concern) => {
    const key = JSON.stringify(concern);
    const compiled = known.get(key) ?? compilePolicy(policies, concern);
    known.set(key, compiled);
    return compiled;
  };
}

/** An instance that does not say which system it is has its image's: rules for that must not fall silent. It may be a container even so. */
function concernOf({ group }: Instance, own: OsFact, { image, fingerprint }: Manifest): Concern {
  const systems = own.id === '' ? [fingerprint.os, own] : [own];
  const os = new Set(systems.flatMap(({ id, like }) => [id, ...like]).filter(Boolean));
  return { os: [...os], image: image.ref, group };
}

/**
 * Makes what judging instances of an image needs and remembers: its rules with their globs, and its totals. Costs some 20 ms, which are
 * hidden where it is called while an instance is being read.
 */
export function prepareJudging(instance: Instance, manifest: Manifest, compileFor: CompileFor): void {
  const { os, files } = manifest.fingerprint;
  compileFor(concernOf(instance, os, manifest)).about('/');
  totalsOf(files, files);
}

/** Judges one fingerprint against its manifest. Pure but for its arguments. */
export function judgeInstance(
  instance: Instance,
  live: Fingerprint,
  manifest: Manifest,
  compileFor: CompileFor,
  now: Date,
  supersededAt?: number,
): Judged {
  const image = manifest.fingerprint;
  const { drifts, gaps } = compare(image, live);
  const policy = compileFor(concernOf(instance, live.os, manifest));
  const launchKeys = [...live.os.launchKeys, ...(instance.launchKeys ?? []).map(keyBlob)];
  const { findings, claims } = judge({
    instance: { id: instance.id, group: instance.group, imageRef: manifest.image.ref },
    image,
    live: { ...live, os: { ...live.os, launchKeys } },
    drifts,
    policy,
    now: now.getTime(),
    ...(supersededAt === undefined ? {} : { supersededAt }),
  });
  const imageGaps = image.gaps.map((gap) => ({ ...gap, detail: `the manifest itself has a gap: ${gap.detail}` }));
  return {
    findings,
    claims,
    evidence: evidenceFor(policy),
    socketsJudged: image.sockets !== undefined || policy.allow.some(({ rule }) => rule.fact === 'socket'),
    gaps: [...live.gaps, ...gaps, ...imageGaps].map(withoutPaths),
  };
}

/** Which paths a gap hides was needed for comparing; an instance can name millions. */
export function withoutPaths({ probe, reason, detail }: Gap): Gap {
  return { probe, reason, detail };
}

const evidences = new WeakMap<CompiledPolicy, Map<string, Evidence>>();

function evidenceFor(policy: CompiledPolicy): Map<string, Evidence> {
  const evidence = evidences.get(policy) ?? evidenceOf(policy);
  evidences.set(policy, evidence);
  return evidence;
}

/** The base64 part of an OpenSSH public key line. */
function keyBlob(line: string): string {
  return /AAAA[A-Za-z0-9+/]+={0,2}/.exec(line)?.[0] ?? line;
}

/** How much of what is in scope was read. `like` is the image's `files`: what both share is counted once for all. */
export function coverageOf(live: Fingerprint, readAt: string, baseline?: Baseline, like?: Stream): Coverage {
  const { seen, hashed, bytes } = totalsOf(live.files, like);
  const contained = (live.processes ?? []).filter((process) => isContained(live, process)).length;
  return {
    files: seen === 0 ? 0 : Math.round((hashed / seen) * 10_000) / 10_000,
    filesSeen: seen,
    filesHashed: hashed,
    bytesHashed: bytes,
    ...(live.processes ? { processes: live.processes.length } : {}),
    ...(contained > 0 ? { containerProcesses: contained } : {}),
    ...(live.reading
      ? {
          depth: live.reading.depth,
          filesHashedNow: live.reading.hashed?.files ?? hashed,
          bytesReceived: live.reading.answerBytes,
        }
      : {}),
    oldestHashAt: oldestHash(live, baseline) ?? readAt,
    excluded: live.excluded,
  };
}

const counted = new WeakMap<Stream, HashTotals>();

function totalsOf(files: Stream, like: Stream | undefined): HashTotals {
  if (!like) return hashTotals(files);
  const ofLike = counted.get(like) ?? hashTotals(like);
  counted.set(like, ofLike);
  const totals = { ...ofLike };
  const add = (stream: Stream, line: Line | undefined, sign: 1 | -1) => {
    if (!line) return;
    const { seen, hashed, bytes } = hashTotals(stream.subarray(line.begin, line.end));
    totals.seen += sign * seen;
    totals.hashed += sign * hashed;
    totals.bytes += sign * bytes;
  };
  mergeStreams(like, files, (before, after) => {
    add(like, before, -1);
    add(files, after, 1);
  });
  return totals;
}

/** When the oldest digest that a quick reading took over was made; undefined when all were made now. */
function oldestHash({ reading }: Fingerprint, baseline: Baseline | undefined): string | undefined {
  const taken = (reading?.origins ?? []).filter((origin) => origin >= 0);
  if (reading?.depth === 'full' || !baseline || taken.length === 0) return undefined;
  const oldest = taken.reduce(
    (least, origin) => Math.min(least, baseline.hashedAt[origin] ?? 0),
    Number.MAX_SAFE_INTEGER,
  );
  return new Date(oldest * 1000).toISOString();
}
