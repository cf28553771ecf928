import { randomUUID } from 'node:crypto';
import { composeProgram, programSha256 } from '../collect/program.ts';
import { probes } from '../collect/registry.ts';
import type { Depth } from '../core/ask.ts';
import type { Fingerprint } from '../core/facts.ts';
import type { Manifest } from '../core/manifest.ts';
import type { MakeOutgoing } from '../core/notify.ts';
import type { Instance, Limits, Store } from '../core/ports.ts';
import type { InstanceReport, ReportView, ScanEvent } from '../core/report.ts';
import { Keeper } from '../fleet/keeper.ts';
import { waiverReports } from '../policy/standing.ts';
import { signsOfState } from '../recommend/stateful.ts';
import type { Waiver } from '../schema/policy.ts';
import { Asks, type ReadingOptions } from './asks.ts';
import type { AnswerBudget } from './budget.ts';
import { type CompileFor, coverageOf, judgeInstance, type Outcome, policyCompiler, withoutPaths } from './instance.ts';
import { letGo } from './let-go.ts';
import { hear, reachGap, transportOf } from './look.ts';
import type { ManifestBook } from './manifests.ts';
import type { PolicySet } from './policies.ts';
import { pooled } from './pool.ts';
import { remember } from './remember.ts';
import { fleetReport } from './report.ts';

/** Everything a scan needs; effects come in from outside. */
export interface ScanOptions {
  instances: Instance[];
  manifests: ManifestBook;
  /** Called once the first instance is being read: what it costs is then hidden behind the waiting. */
  policies: () => Promise<PolicySet>;
  limits: Limits;
  reading: ReadingOptions;
  concurrency: number;
  /** What the answers of all instances may take together while they arrive. */
  budget?: AnswerBudget;
  /** Most instances of one group at once; 0 = no limit. Those without a group are not counted. */
  perGroup?: number;
  /** Which group: those that share a hypervisor, a disk, a link. */
  groupOf?: (instance: Instance) => string;
  store?: Store;
  signal: AbortSignal;
  version: string;
  onEvent?: (event: ScanEvent) => void;
  /** Given what was read of each instance while it is held, and its image's fingerprint; must keep neither. */
  onRead?: (instance: string, live: Fingerprint, image: Fingerprint | undefined) => void;
  /** Told when the store refuses the scan, which is then given all the same; without it that is thrown. */
  onForgotten?: (error: unknown) => void;
  /** What the scan leaves to be sent; it is remembered with the scan. */
  outgoing?: (report: ReportView) => MakeOutgoing;
}

/** Scans instances, a few at a time; one bad host never stops the others. An abort gives a partial report. */
export async function scan(options: ScanOptions): Promise<ReportView> {
  const { instances, store, signal, onEvent = () => {} } = options;
  const id = randomUUID();
  const startedAt = new Date().toISOString();
  onEvent({ type: 'scan-started', id, startedAt, instances: instances.length });
  const outcomes = new Array<Outcome>(instances.length);
  const keeper = new Keeper();
  let loading: Promise<LoadedPolicy> | undefined;
  const policy = () => {
    loading ??= options.policies().then(({ digest, policies }) => ({
      digest,
      compileFor: policyCompiler(policies.map((p) => p.policy)),
      waivers: policies.flatMap((p) => p.policy.waivers ?? []),
    }));
    return loading;
  };
  const asks = new Asks(options.reading, options.manifests, store);
  const { concurrency, perGroup = 0, groupOf = () => '' } = options;
  await pooled(instances, { concurrency, perGroup, groupOf }, async (instance, i) => {
    const claim = await options.budget?.enter();
    const limits = claim ? { ...options.limits, claim } : options.limits;
    try {
      outcomes[i] = await scanOne(instance, { ...options, limits }, policy, asks, keeper);
    } finally {
      claim?.leave();
    }
  });
  const finishedAt = new Date().toISOString();
  const firstSeen = (o: Outcome) => store?.firstSeen(o.instance.id, o.identity) ?? new Map<string, string>();
  const { waived, ...fleet } = fleetReport(outcomes, keeper, firstSeen, startedAt);
  const report: ReportView = {
    schema: 'snowfence.report/v1',
    scan: {
      id,
      startedAt,
      finishedAt,
      depth: options.reading.depth ?? deepest(outcomes),
      partial: signal.aborted,
      scanner: { version: options.version },
      probe: { sha256: programSha256(composeProgram(Object.values(probes))) },
      policy: { digest: (await policy()).digest },
    },
    ...fleet,
    waivers: waiverReports((await policy()).waivers, waived, Date.parse(startedAt)),
  };
  const telling = told(report.instances, onEvent);
  if (store)
    try {
      remember(store, report, telling, outcomes, options.outgoing?.(report));
    } catch (error) {
      if (!options.onForgotten) throw error;
      options.onForgotten(error);
    }
  else if (options.onEvent) for (const _ of telling);
  onEvent({ type: 'scan-finished', scan: report.scan, summary: report.summary, fleet: report.fleet });
  return report;
}

interface LoadedPolicy {
  digest: string;
  compileFor: CompileFor;
  waivers: Waiver[];
}

type Policy = () => Promise<LoadedPolicy>;

/** Instances as they go by, each told to who listens. */
function* told(instances: Iterable<InstanceReport>, onEvent: (event: ScanEvent) => void): Iterable<InstanceReport> {
  for (const instance of instances) {
    onEvent({ type: 'instance-judged', instance });
    yield instance;
  }
}

async function scanOne(
  instance: Instance,
  options: ScanOptions,
  policy: Policy,
  asks: Asks,
  keeper: Keeper,
): Promise<Outcome> {
  const { manifests, limits, signal, onEvent = () => {} } = options;
  const began = performance.now();
  const at = new Date();
  const outcome: Outcome = {
    instance,
    reached: false,
    os: '',
    identity: '',
    launchedAt: 0,
    stateful: [],
    ...keeper.keep([]),
    claims: [],
    gaps: [],
    coverage: { files: 0, filesSeen: 0, filesHashed: 0, bytesHashed: 0, excluded: [] },
    seconds: 0,
    readAt: at.toISOString(),
  };
  onEvent({ type: 'instance-started', instance: instance.id, at: outcome.readAt });
  try {
    const known = manifests.before(instance) ?? (await ofDaemon(instance, options, outcome));
    const since = known ? known.fingerprint.newestPackageAt : manifests.oldest();
    const onBytes = (bytes: number) => {
      // Its first bytes: the program runs over there, and we have time.
      policy().catch(() => {});
      onEvent({ type: 'instance-progress', instance: instance.id, bytes });
    };
    let plan = asks.plan(instance, known);
    let heard = await hear(instance, limits, since, signal, onBytes, plan.ask);
    const ready = await policy();
    // From here on nothing waits, so that one fingerprint at a time is held, whatever the concurrency.
    let live = heard();
    if (plan.baseline && plan.baseline.identity !== live.os.identity) {
      // Another machine answers at the old address: nothing that is remembered holds.
      plan = asks.afresh(known);
      heard = await hear(instance, limits, since, signal, onBytes, plan.ask);
      live = heard();
    }
    outcome.reached = true;
    outcome.os = live.os.pretty;
    outcome.identity = live.os.identity;
    outcome.launchedAt = live.os.launchedAt ?? 0;
    outcome.stateful = signsOfState(live);
    const manifest = known ?? manifests.byHints(live.os.imageHints);
    outcome.coverage = coverageOf(live, outcome.readAt, plan.baseline, manifest?.fingerprint.files);
    asks.remember(instance, live, plan, manifest, outcome.readAt);
    if (manifest) {
      const { socketsJudged, findings, ...judged } = judgeInstance(
        ...([instance, live, manifest, ready.compileFor, at, manifests.supersededAt(manifest)] as const),
      );
      Object.assign(outcome, { manifest }, judged, keeper.keep(findings));
      if (live.sockets) outcome.coverage.socketsJudged = socketsJudged;
    } else outcome.gaps = [...outcome.gaps, ...live.gaps.map(withoutPaths)];
    options.onRead?.(instance.id, live, manifest?.fingerprint);
    letGo(live.files, [manifest?.fingerprint.files, plan.ask.expected?.stream]);
  } catch (error) {
    outcome.gaps = [reachGap(error)];
  }
  outcome.seconds = (performance.now() - began) / 1000;
  onEvent({
    type: 'instance-finished',
    instance: instance.id,
    at: new Date().toISOString(),
    gaps: outcome.gaps.length,
    files: outcome.coverage.filesHashed,
    bytesHashed: outcome.coverage.bytesHashed,
  });
  return outcome;
}

/** What a scan without a chosen depth came to: full, unless every instance that was read was read quickly. */
function deepest(outcomes: Outcome[]): Depth {
  const read = outcomes.filter((outcome) => outcome.reached);
  return read.length > 0 && read.every((outcome) => outcome.coverage.depth === 'quick') ? 'quick' : 'full';
}

/** The manifest of the image that the way in names. That it cannot be made is a gap: the instance is read all the same. */
async function ofDaemon(
  instance: Instance,
  { manifests, limits, signal }: ScanOptions,
  outcome: Outcome,
): Promise<Manifest | undefined> {
  const image = await (await transportOf(instance)).image?.(instance, limits, signal);
  if (!image) return undefined;
  try {
    return await manifests.ofHeld(image, signal);
  } catch (error) {
    const { reason, detail } = reachGap(error);
    const what = `the manifest of its image ${image.digest} could not be made: ${detail}`;
    outcome.gaps.push({ probe: 'image', reason, detail: what });
    return undefined;
  }
}
