import { type Verdict, verdicts } from '../core/finding.ts';
import type { InstanceReport, ReportFinding, ReportView } from '../core/report.ts';
import { alike, keyOf } from './alike.ts';

/** Some instances: how many, and the names of the first twelve. */
export interface Named {
  count: number;
  first: string[];
}

/** Instances that are told once. */
export interface Group extends Named {
  /** Place in the report of the one that is told. */
  index: number;
  /** Findings that are told of it. */
  weight: number;
}

/** Instances as in their image. */
export interface Clean extends Named {
  /** Files that the word rests on; those hashed by this scan; when the oldest of the others was. */
  files: number;
  now: number;
  oldest: string;
}

/** What most instances of an image share; `of` is the name of the one whose finding stands for them. */
export interface Shared {
  image: string;
  instances: number;
  findings: { finding: ReportFinding; of: string }[];
}

/** What is small of each instance: a report is told worst first, and not held in memory for it. */
interface Entry {
  index: number;
  score: number;
  verdict: Verdict;
  name: string;
  group: string;
  weight: number;
}

/** One pass over the instances: in which order and groups they are told, and what is only known at the end. */
export function overviewOf(report: ReportView, all: boolean) {
  const { groupOf, isShared } = alike(report);
  const rest: Entry[] = [];
  const cleans: Entry[] = [];
  const clean: Clean = { count: 0, first: [], files: 0, now: 0, oldest: '9' };
  const actions = new Map<string, Named>();
  const best = new Map<string, { entry: Entry; order: number; finding: ReportFinding }>();
  let unjudged = false;
  let index = 0;
  for (const one of report.instances) {
    const isClean = one.verdict === 'clean' && (!all || one.findings.length === 0);
    const { name, verdict, score } = one;
    const group = isClean ? '' : all ? String(index) : groupOf(one);
    const entry = { index, score, verdict, name, group, weight: one.findings.length };
    (isClean ? cleans : rest).push(entry);
    if (isClean) addClean(clean, one);
    add(actions, one.recommendation.action, name);
    if (one.coverage.socketsJudged === false) unjudged = true;
    if (!all)
      for (const [order, finding] of one.findings.entries()) {
        if (!isShared(one, finding)) continue;
        const key = JSON.stringify([one.image.ref, keyOf(finding)]);
        const known = best.get(key);
        if (!known || worstFirst(entry, known.entry) < 0) best.set(key, { entry, order, finding });
      }
    index++;
  }
  clean.first = cleans.sort(worstFirst).slice(0, mostNames).map(nameOf);
  const told = [...best].map(([key, value]) => ({ ...value, image: (JSON.parse(key) as [string])[0] }));
  told.sort((a, b) => worstFirst(a.entry, b.entry) || a.order - b.order);
  const shared = report.fleet.flatMap(({ image, instances }): Shared[] => {
    const findings = told
      .filter((one) => one.image === image)
      .map(({ entry, finding }) => ({ finding, of: entry.name }));
    return findings.length > 0 ? [{ image, instances, findings }] : [];
  });
  return {
    groups: groupsOf(rest.sort(worstFirst)),
    clean,
    shared,
    isShared: all ? () => false : isShared,
    actions,
    unjudged,
  };
}

const mostNames = 12;
const nameOf = ({ name }: Entry) => name;

function add(all: Map<string, Named>, key: string, name: string): void {
  const known = all.get(key) ?? { count: 0, first: [] };
  known.count++;
  if (known.first.length < mostNames) known.first.push(name);
  all.set(key, known);
}

function addClean(clean: Clean, { coverage }: InstanceReport): void {
  clean.count++;
  // Reports of scanners before these counts have none.
  clean.files += coverage.filesHashed ?? 0;
  clean.now += coverage.filesHashedNow ?? coverage.filesHashed ?? 0;
  const oldest = coverage.oldestHashAt ?? '';
  if (oldest !== '' && oldest < clean.oldest) clean.oldest = oldest;
}

function worstFirst(a: Entry, b: Entry): number {
  const order = b.score - a.score || verdicts.indexOf(a.verdict) - verdicts.indexOf(b.verdict);
  return order || (a.name === b.name ? a.index - b.index : a.name < b.name ? -1 : 1);
}

/** Entries of one group together, in the order of their first members. */
function groupsOf(entries: Entry[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { group: key, index, weight, name } of entries) {
    const group = groups.get(key) ?? { count: 0, first: [], index, weight };
    group.count++;
    if (group.first.length < mostNames) group.first.push(name);
    groups.set(key, group);
  }
  return [...groups.values()];
}
