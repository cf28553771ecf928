import { isLive, type Severity, severities, type Verdict } from '../core/finding.ts';
import type { InstanceReport, Report, ReportFinding } from '../core/report.ts';
import type { Listed } from './ports.ts';
import type { Live, Phase } from './state.ts';

/** One instance as the fleet lists it: what sorting and filtering need is worked out once a report. */
export interface FleetEntry {
  id: string;
  name: string;
  group: string;
  image: string;
  /** Absent while it is being read. */
  instance?: InstanceReport;
  phase?: Phase;
  verdict?: Verdict;
  /** 0-100. */
  score: number;
  /** Live findings by severity. */
  counts: Record<Severity, number>;
  live: number;
  gaps: number;
  /** Everything that a filter looks at, in small letters. */
  hay: string;
}

export interface ReportIndex {
  entries: readonly FleetEntry[];
  byId: ReadonlyMap<string, InstanceReport>;
}

const indexes = new WeakMap<Report, ReportIndex>();

/** What is known of a report beyond its text; made once. */
export function indexOf(report: Report): ReportIndex {
  const known = indexes.get(report);
  if (known) return known;
  const made = {
    entries: report.instances.map(entryOf),
    byId: new Map(report.instances.map((one) => [one.id, one] as const)),
  };
  indexes.set(report, made);
  return made;
}

const none = (): Record<Severity, number> => ({ info: 0, low: 0, medium: 0, high: 0, critical: 0 });

function entryOf(instance: InstanceReport): FleetEntry {
  const counts = none();
  let live = 0;
  for (const finding of instance.findings) {
    if (!isLive(finding)) continue;
    counts[finding.severity]++;
    live++;
  }
  const { id, name, group, image, verdict, score, gaps, recommendation, labels, uri, os = '' } = instance;
  const words = [id, name, group, image.ref, verdict, recommendation.action, uri, os, ...Object.entries(labels).flat()];
  return {
    ...{ id, name, group, image: image.ref, instance, verdict, score, counts, live },
    gaps: gaps.length,
    hay: words.join(' ').toLowerCase(),
  };
}

/** The instances of a scan that runs, in the order in which they were named. */
export function liveEntries({ instances, phases }: Live): FleetEntry[] {
  return instances.map(({ id, name, group, image }: Listed) => {
    const phase = phases.get(id) ?? { state: 'waiting', bytes: 0, gaps: 0, files: 0 };
    return {
      ...{ id, name, group, image, phase, score: 0, counts: none(), live: 0, gaps: phase.gaps },
      hay: `${id} ${name} ${group} ${image} ${phase.state}`.toLowerCase(),
    };
  });
}

/** Does everything that was typed occur? Words in any order, whatever their case. */
export function matcher(filter: string): (hay: string) => boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return (hay) => words.every((word) => hay.includes(word));
}

/** A finding of an instance of a report. */
export function findingOf(
  report: Report | undefined,
  instance: string | undefined,
  finding: string | undefined,
): { instance: InstanceReport; finding: ReportFinding } | undefined {
  const one = report && instance !== undefined ? indexOf(report).byId.get(instance) : undefined;
  const found = one?.findings.find(({ id }) => id === finding);
  return one && found ? { instance: one, finding: found } : undefined;
}

/** Most severe first. */
export const worstFirst: readonly Severity[] = [...severities].reverse();
