import { randomUUID } from 'node:crypto';
import type { Depth } from '../core/ask.ts';
import type { Fingerprint } from '../core/facts.ts';
import type { Manifest } from '../core/manifest.ts';
import type { MakeOutgoing } from '../core/notify.ts';
import type { Instance, Limits, Store } from '../core/ports.ts';
import type { InstanceReport, ReportView, ScanEvent } from '../core/report.ts';
import { Keeper } from '../fleet/keeper.ts';
import type { Asks, Plan, ReadingOptions } from './asks.ts';
import type { AnswerBudget } from './budget.ts';
import type { Outcome } from './instance.ts';
import type { Judging } from './judging.ts';
import { letGo } from './let-go.ts';
import { hear, reachGap, transportOf } from './look.ts';
import type { ManifestBook } from './manifests.ts';
import type { PolicySet } from './policies.ts';
import { pooled } from './pool.ts';

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
  const tools = toolsOf(options);
  const { concurrency, perGroup = 0, groupOf = () => '' } = options;
  await pooled(instances, { concurrency, perGroup, groupOf }, async (instance, i) => {
    const claim = await options.budget?.enter();
    const limits = claim ? { ...options.limits, claim } : options.limits;
    try {
      outcomes[i] = await scanOne(instance, { ...options, limits }, tools, keeper);
    } finally {
      claim?.leave();
    }
  });
  const finishedAt = new Date().toISOString();
  const firstSeen = (o: Outcome) => store?.firstSeen(o.instance.id, o.identity) ?? new Map<string, string>();
  const { fleet, probe, policy, waivers } = (await tools.judging()).ofAll(outcomes, keeper, firstSeen, startedAt);
  const report: ReportView = {
    schema: 'snowfence.report/v1',
    scan: {
      id,
      startedAt,
      finishedAt,
      depth: options.reading.depth ?? deepest(outcomes),
      partial: signal.aborted,
      scanner: { version: options.version },
      probe,
      policy,
    },
    ...fleet,
    waivers,
  };
  const telling = told(report.instances, onEvent);
  if (store)
    try {
      (await import('./remember.ts')).remember(store, report, telling, outcomes, options.outgoing?.(report));
    } catch (error) {
      if (!options.onForgotten) throw error;
      options.onForgotten(error);
    }
  else if (options.onEvent) for (const _ of telling);
  onEvent({ type: 'scan-finished', scan: report.scan, summary: report.summary, fleet: report.fleet });
  return report;
}

/** What is loaded when its time has come, each once: the connection comes first, and what it costs is hidden behind the waiting. */
interface Tools {
  /** Once somebody is there to be asked. */
  asks(): Promise<Asks>;
  /** Once the first instance is being read. */
  judging(): Promise<Judging>;
}

function toolsOf({ reading, manifests, store, policies }: ScanOptions): Tools {
  let asks: Promise<Asks> | undefined;
  let judging: Promise<Judging> | undefined;
  return {
    asks: () => {
      asks ??= import('./asks.ts').then((loaded) => new loaded.Asks(reading, manifests, store));
      return asks;
    },
    judging: () => {
      judging ??= Promise.all([import('./judging.ts'), policies()]).then(([loaded, set]) => new loaded.Judging(set));
      return judging;
    },
  };
}

/** Instances as they go by, each told to who listens. */
function* told(instances: Iterable<InstanceReport>, onEvent: (event: ScanEvent) => void): Iterable<InstanceReport> {
  for (const instance of instances) {
    onEvent({ type: 'instance-judged', instance });
    yield instance;
  }
}

async function scanOne(instance: Instance, options: ScanOptions, tools: Tools, keeper: Keeper): Promise<Outcome> {
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
    let prepared = false;
    const onBytes = (bytes: number) => {
      // Its first bytes: the program runs over there, and we have time.
      if (!prepared)
        tools
          .judging()
          .then((judging) => known && judging.prepare(instance, known))
          // What is wrong is said where it is judged.
          .catch(() => {});
      prepared = true;
      onEvent({ type: 'instance-progress', instance: instance.id, bytes });
    };
    const reading = (make: (asks: Asks) => Plan) => {
      const plan: { made?: Plan } = {};
      const ask = async () => {
        plan.made = make(await tools.asks());
        return plan.made.ask;
      };
      return hear(instance, limits, since, signal, onBytes, ask).then((heard) => ({ heard, plan: plan.made as Plan }));
    };
    let { heard, plan } = await reading((asks) => asks.plan(instance, known));
    const [judging, asks] = [await tools.judging(), await tools.asks()];
    // From here on nothing waits, so that one fingerprint at a time is held, whatever the concurrency.
    let live = heard();
    if (plan.baseline && plan.baseline.identity !== live.os.identity) {
      // Another machine answers at the old address: nothing that is remembered holds.
      ({ heard, plan } = await reading(() => asks.afresh(known)));
      live = heard();
    }
    const manifest = known ?? manifests.byHints(live.os.imageHints);
    const supersededAt = manifest && manifests.supersededAt(manifest);
    asks.remember(instance, live, plan, manifest, outcome.readAt);
    judging.judge(outcome, live, { manifest, supersededAt, plan, at, keeper });
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
