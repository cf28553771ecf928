import { verdicts } from '../core/finding.ts';
import { type FleetEntry, indexOf, liveEntries, matcher, worstFirst } from './index-report.ts';
import { memo } from './memo.ts';
import type { Prefs, Screen, State } from './state.ts';

/** A row of the fleet: the head of a group, or an instance. */
export type FleetRow =
  | { head: string; image: string; entries: readonly FleetEntry[]; entry?: undefined }
  | { entry: FleetEntry; head?: undefined };

/** Instances of the scan that runs, else of the report. */
export const entriesOf = memo((live: State['live'], report: State['report']): readonly FleetEntry[] =>
  live ? liveEntries(live) : report ? indexOf(report).entries : [],
);

const byName = (a: FleetEntry, b: FleetEntry) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
const rank = ({ verdict }: FleetEntry) => (verdict === undefined ? verdicts.length : verdicts.indexOf(verdict));

function byFindings(a: FleetEntry, b: FleetEntry): number {
  for (const severity of worstFirst) {
    const difference = b.counts[severity] - a.counts[severity];
    if (difference !== 0) return difference;
  }
  return 0;
}

const orders: Record<Prefs['sort'], (a: FleetEntry, b: FleetEntry) => number> = {
  score: (a, b) => b.score - a.score || rank(a) - rank(b) || byFindings(a, b),
  name: byName,
  verdict: (a, b) => rank(a) - rank(b) || b.score - a.score,
  findings: byFindings,
  gaps: (a, b) => b.gaps - a.gaps,
  group: (a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : 0),
};

/** The rows that filter and toggles leave, sorted, under the heads of their groups. */
const rows = memo(
  (
    entries: readonly FleetEntry[],
    filter: string,
    sort: Prefs['sort'],
    reverse: boolean,
    grouping: Prefs['grouping'],
    hidden: Prefs['hiddenVerdicts'],
  ): readonly FleetRow[] => {
    const fits = matcher(filter);
    const order = orders[sort];
    const shown = entries
      .filter((one) => (one.verdict === undefined || !hidden.has(one.verdict)) && fits(one.hay))
      .sort((a, b) => (reverse ? order(b, a) : order(a, b)) || byName(a, b));
    if (grouping === 'none') return shown.map((entry) => ({ entry }));
    const groups = new Map<string, FleetEntry[]>();
    for (const entry of shown) {
      const key = grouping === 'group' ? entry.group : JSON.stringify([entry.image, entry.group]);
      const known = groups.get(key);
      if (known) known.push(entry);
      else groups.set(key, [entry]);
    }
    return [...groups.values()].flatMap((group): FleetRow[] => [
      { head: headOf(group[0], grouping), image: group[0]?.image ?? '', entries: group },
      ...group.map((entry) => ({ entry })),
    ]);
  },
);

function headOf(entry: FleetEntry | undefined, grouping: Prefs['grouping']): string {
  const group = entry?.group ? `group ${entry.group}` : 'no group';
  if (grouping === 'group') return group;
  return `${entry?.image ? `image ${entry.image}` : 'image unknown'} · ${group}`;
}

/** The rows of the fleet as a state shows them. */
export function fleetRows({ live, report, prefs }: State, { filter }: Pick<Screen, 'filter'>): readonly FleetRow[] {
  const { sort, reverse, grouping, hiddenVerdicts } = prefs;
  return rows(entriesOf(live, report), filter, sort, reverse, grouping, hiddenVerdicts);
}
