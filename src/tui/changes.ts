import { compareSeverity, isLive } from '../core/finding.ts';
import type { InstanceReport, Report, ReportFinding } from '../core/report.ts';
import { indexOf, matcher } from './index-report.ts';
import { memo } from './memo.ts';
import type { Screen, State } from './state.ts';

/** What became of a finding between two scans. `unknown`: it was not seen, but the instance was not read in full. */
export interface ChangeRow {
  what: 'new' | 'worse' | 'better' | 'resolved' | 'unknown';
  instance: InstanceReport;
  finding: ReportFinding;
  /** Only the earlier report has it. */
  earlier: boolean;
}

const order: readonly ChangeRow['what'][] = ['new', 'worse', 'unknown', 'better', 'resolved'];

/** Transitions between two reports, gravest first. */
export const changesBetween = memo((before: Report, after: Report): readonly ChangeRow[] => {
  const [was, now] = [indexOf(before).byId, indexOf(after).byId];
  const rows: ChangeRow[] = [];
  for (const instance of after.instances) {
    const old = new Map((was.get(instance.id)?.findings ?? []).filter(isLive).map((one) => [one.id, one] as const));
    for (const finding of instance.findings.filter(isLive)) {
      const known = old.get(finding.id);
      const compared = known ? compareSeverity(finding.severity, known.severity) : 1;
      if (!known) rows.push({ what: 'new', instance, finding, earlier: false });
      else if (compared !== 0)
        rows.push({ what: compared > 0 ? 'worse' : 'better', instance, finding, earlier: false });
    }
  }
  for (const instance of before.instances) {
    const later = now.get(instance.id);
    const live = new Set((later?.findings ?? []).filter(isLive).map(({ id }) => id));
    const read = later !== undefined && later.gaps.length === 0 && later.verdict !== 'unknown-image';
    for (const finding of instance.findings.filter(isLive))
      if (!live.has(finding.id)) rows.push({ what: read ? 'resolved' : 'unknown', instance, finding, earlier: true });
  }
  return rows.sort(
    (a, b) => order.indexOf(a.what) - order.indexOf(b.what) || compareSeverity(b.finding.severity, a.finding.severity),
  );
});

const filtered = memo((rows: readonly ChangeRow[], filter: string, hidden: State['prefs']['hiddenSeverities']) => {
  const fits = matcher(filter);
  return rows.filter(
    ({ what, instance, finding }) =>
      !hidden.has(finding.severity) &&
      fits(
        `${what} ${instance.name} ${instance.id} ${finding.severity} ${finding.kind} ${finding.subject}`.toLowerCase(),
      ),
  );
});

/** The transitions that filter and toggles leave. */
export function changeRows({ before, report, prefs }: State, { filter }: Pick<Screen, 'filter'>): readonly ChangeRow[] {
  return before && report ? filtered(changesBetween(before, report), filter, prefs.hiddenSeverities) : [];
}
