import { findingKinds, isLive, severities } from '../core/finding.ts';
import type { InstanceReport, ReportFinding } from '../core/report.ts';
import { indexOf, matcher } from './index-report.ts';
import { memo } from './memo.ts';
import type { Prefs, Screen, State } from './state.ts';

type Gap = InstanceReport['gaps'][number];

/** A row of an instance: a heading, a finding, a gap, or something known about it. */
export type InstanceRow =
  | { type: 'head'; text: string }
  | { type: 'finding'; finding: ReportFinding }
  | { type: 'gap'; gap: Gap; at: number }
  | { type: 'fact'; label: string; value: string };

const weight = ({ severity }: ReportFinding) => -severities.indexOf(severity);
const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const worst = (a: ReportFinding, b: ReportFinding) =>
  Number(isLive(b)) - Number(isLive(a)) || weight(a) - weight(b) || text(a.subject, b.subject);

const orders: Record<Prefs['findingSort'], (a: ReportFinding, b: ReportFinding) => number> = {
  kind: (a, b) => findingKinds.indexOf(a.kind) - findingKinds.indexOf(b.kind) || worst(a, b),
  severity: worst,
  newest: (a, b) => text(b.firstSeenAt ?? '', a.firstSeenAt ?? '') || worst(a, b),
  subject: (a, b) => text(a.subject, b.subject),
};

/** The findings that filter and toggles leave, in order. */
const findings = memo(
  (
    instance: InstanceReport,
    filter: string,
    sort: Prefs['findingSort'],
    reverse: boolean,
    hidden: Prefs['hiddenSeverities'],
    all: boolean,
  ): readonly ReportFinding[] => {
    const fits = matcher(filter);
    const order = orders[sort];
    return instance.findings
      .filter((one) => (all || isLive(one)) && !hidden.has(one.severity) && fits(hayOf(one)))
      .sort((a, b) => (reverse ? order(b, a) : order(a, b)));
  },
);

function hayOf({ kind, change, subject, severity, disposition, rule, reason, ownedBy = '' }: ReportFinding): string {
  return `${kind} ${change} ${subject} ${severity} ${disposition} ${rule} ${reason} ${ownedBy}`.toLowerCase();
}

const rows = memo(
  (instance: InstanceReport, found: readonly ReportFinding[], sort: Prefs['findingSort'], filter: string) => {
    const out: InstanceRow[] = [];
    const counts = new Map<string, number>();
    for (const { kind } of found) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (found.length === 0) out.push({ type: 'head', text: filter === '' ? 'no findings' : 'no finding fits' });
    else if (sort !== 'kind') out.push({ type: 'head', text: `findings by ${sort} (${found.length})` });
    let kind = '';
    for (const finding of found) {
      if (sort === 'kind' && finding.kind !== kind) {
        kind = finding.kind;
        out.push({ type: 'head', text: `${kind} (${counts.get(kind)})` });
      }
      out.push({ type: 'finding', finding });
    }
    if (instance.gaps.length > 0) out.push({ type: 'head', text: `not read (${instance.gaps.length})` });
    for (const [at, gap] of instance.gaps.entries()) out.push({ type: 'gap', gap, at });
    out.push({ type: 'head', text: 'about it' });
    for (const [label, value] of factsOf(instance)) out.push({ type: 'fact', label, value });
    return out as readonly InstanceRow[];
  },
);

function factsOf(instance: InstanceReport): [string, string][] {
  const { uri, id, os, identity, launchedAt, manifest, image, stateful = [], labels, coverage, seconds } = instance;
  const all: [string, string | undefined][] = [
    ['address', uri],
    ['id', id],
    ['system', os],
    ['identity', identity],
    ['launched', launchedAt],
    ['image', [image.ref, image.digest].filter(Boolean).join(' ')],
    [
      'manifest',
      manifest ? `${manifest.digest}${manifest.signedBy ? `, signed by ${manifest.signedBy}` : ''}` : 'none',
    ],
    ['holds data', stateful.join('; ')],
    [
      'labels',
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(', '),
    ],
    ['processes', coverage.processes === undefined ? '' : `${coverage.processes} judged`],
    ['out of scope', coverage.excluded.join(', ')],
    ['took', `${seconds.toFixed(1)} s`],
  ];
  return all.flatMap(([label, value]) => (value ? [[label, value]] : []));
}

/** The instance that a screen is about. */
export function instanceOf(state: State, screen: Screen): InstanceReport | undefined {
  const report = screen.earlier ? state.before : state.report;
  return report && screen.instance !== undefined ? indexOf(report).byId.get(screen.instance) : undefined;
}

/** The findings of the instance that a screen is about, as it lists them. */
export function shownFindings(state: State, screen: Screen): readonly ReportFinding[] {
  const instance = instanceOf(state, screen);
  if (!instance) return [];
  const { findingSort, reverse, hiddenSeverities, all } = state.prefs;
  return findings(instance, screen.filter, findingSort, reverse, hiddenSeverities, all);
}

/** The rows of the instance that a screen is about. */
export function instanceRows(state: State, screen: Screen): readonly InstanceRow[] {
  const instance = instanceOf(state, screen);
  return instance ? rows(instance, shownFindings(state, screen), state.prefs.findingSort, screen.filter) : [];
}
