import { composeProgram, programSha256 } from '../collect/program.ts';
import { probes } from '../collect/registry.ts';
import type { Fingerprint } from '../core/facts.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Instance } from '../core/ports.ts';
import type { ReportView } from '../core/report.ts';
import type { Keeper } from '../fleet/keeper.ts';
import { waiverReports } from '../policy/standing.ts';
import { signsOfState } from '../recommend/stateful.ts';
import type { Plan } from './asks.ts';
import {
  type CompileFor,
  coverageOf,
  judgeInstance,
  type Outcome,
  policyCompiler,
  prepareJudging,
  withoutPaths,
} from './instance.ts';
import type { PolicySet } from './policies.ts';
import { fleetReport } from './report.ts';

/** What a fingerprint is judged by, beside the policy. */
export interface JudgedBy {
  /** Of its image; undefined = nobody knows it. */
  manifest: Manifest | undefined;
  /** When a newer image came. Milliseconds since the epoch. */
  supersededAt: number | undefined;
  plan: Plan;
  /** When the scan of this instance began. */
  at: Date;
  keeper: Keeper;
}

/** What becomes of answers: everything of a scan that is not needed before the first of them comes. */
export class Judging {
  readonly #set: PolicySet;
  readonly #compileFor: CompileFor;
  readonly #prepared = new WeakMap<Manifest, Set<string>>();

  constructor(set: PolicySet) {
    this.#set = set;
    this.#compileFor = policyCompiler(set.policies.map(({ policy }) => policy));
  }

  /** Made before it is needed: what judging this instance and others of its image and group takes. */
  prepare(instance: Instance, manifest: Manifest): void {
    const groups = this.#prepared.get(manifest) ?? new Set();
    if (groups.has(instance.group)) return;
    this.#prepared.set(manifest, groups.add(instance.group));
    prepareJudging(instance, manifest, this.#compileFor);
  }

  /** Writes into an outcome what was read of the instance and what it was judged to be. */
  judge(outcome: Outcome, live: Fingerprint, { manifest, supersededAt, plan, at, keeper }: JudgedBy): void {
    outcome.reached = true;
    outcome.os = live.os.pretty;
    outcome.identity = live.os.identity;
    outcome.launchedAt = live.os.launchedAt ?? 0;
    outcome.stateful = signsOfState(live);
    outcome.coverage = coverageOf(live, outcome.readAt, plan.baseline, manifest?.fingerprint.files);
    if (!manifest) {
      outcome.gaps = [...outcome.gaps, ...live.gaps.map(withoutPaths)];
      return;
    }
    const { socketsJudged, findings, ...judged } = judgeInstance(
      ...([outcome.instance, live, manifest, this.#compileFor, at, supersededAt] as const),
    );
    Object.assign(outcome, { manifest }, judged, keeper.keep(findings));
    if (live.sockets) outcome.coverage.socketsJudged = socketsJudged;
  }

  /** What a report says of all instances together, and of what they were asked and judged by. */
  ofAll(
    outcomes: Outcome[],
    keeper: Keeper,
    firstSeen: (outcome: Outcome) => Map<string, string>,
    startedAt: string,
  ): Pick<ReportView['scan'], 'probe' | 'policy'> &
    Required<Pick<ReportView, 'waivers'>> & { fleet: Omit<ReturnType<typeof fleetReport>, 'waived'> } {
    const { digest, policies } = this.#set;
    const { waived, ...fleet } = fleetReport(outcomes, keeper, firstSeen, startedAt);
    const waivers = policies.flatMap(({ policy }) => policy.waivers ?? []);
    return {
      fleet,
      probe: { sha256: programSha256(composeProgram(Object.values(probes))) },
      policy: { digest },
      waivers: waiverReports(waivers, waived, Date.parse(startedAt)),
    };
  }
}
