import { createHash } from 'node:crypto';
import { printable } from '../core/bytes.ts';
import { compareSeverity, type Severity, severities, type Verdict } from '../core/finding.ts';
import type { NotifiedInstance, Transition } from '../core/notify.ts';
import type { InstanceReport, ReportFinding } from '../core/report.ts';

/** Why an instance may not be read: told like findings are. */
export const conditions = ['unreachable', 'unknown-image', 'incomplete'] as const;
export type Condition = (typeof conditions)[number];

const conditionSeverity: Record<Condition, Severity> = {
  unreachable: 'medium',
  'unknown-image': 'medium',
  incomplete: 'low',
};
const conditionTitle: Record<Condition, string> = {
  unreachable: 'cannot be reached',
  'unknown-image': 'no manifest of its image is known',
  incomplete: 'cannot be read in full',
};

/** What was told of one finding. */
export interface Told {
  /** The worst that was told: what falls and rises again is no news. */
  severity: Severity;
  finding: NonNullable<Transition['finding']>;
  title: string;
  since: string;
  /** It was told only in the summary of the first look. */
  summed?: true;
}

/** What was told of an instance up to now: what the next look is compared with. JSON. */
export interface ToldState {
  identity: string;
  verdict: Verdict;
  conditions: Condition[];
  /** A verdict that was told by itself, because no finding explained it. */
  alarm?: Verdict;
  /** It was never read and judged: its first look is yet to come. */
  unseen?: true;
  /** Severity and title of the summary of its first look, until all of that is gone. */
  first?: { severity: Severity; title: string; since: string };
  findings: [id: string, told: Told][];
}

/** A key of at most 200 characters. */
export function keyOf(what: string, instance: string): string {
  const key = `snowfence/${what}/${printable(instance)}`;
  return key.length <= 200
    ? key
    : `snowfence/${what.slice(0, 60)}/${createHash('sha256').update(instance).digest('hex')}`;
}

/** A text in one line, at most so long. */
export function short(text: string, most = 300): string {
  const line = printable(text);
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

const worst = (all: Severity[]): Severity => all.reduce((a, b) => (compareSeverity(a, b) >= 0 ? a : b), 'info');

/** A finding as it is told. */
export function toldOf(f: ReportFinding, startedAt: string): Told {
  const { id, kind, change, rule, tamper } = f;
  const subject = short(f.subject);
  return {
    severity: f.severity,
    finding: { id, kind, change, subject, rule: short(rule, 200), tamper },
    title: `${kind} ${change === 'violates' ? 'violates a rule:' : change} ${subject}`,
    since: f.firstSeenAt ?? startedAt,
  };
}

/** All that a first look found, in one line. */
export function summaryOf(look: InstanceReport, live: ReportFinding[], since: string): NonNullable<ToldState['first']> {
  const counts = [...severities].reverse().flatMap((s) => {
    const n = live.filter((f) => f.severity === s).length;
    return n > 0 ? [`${n} ${s}`] : [];
  });
  const parts = [
    `first scan: ${look.verdict}`,
    ...(live.length > 0 ? [`${live.length} findings (${counts.join(', ')})`] : []),
    ...(look.gaps.length > 0 ? ['not read in full'] : []),
  ];
  return { severity: live.length > 0 ? worst(live.map((f) => f.severity)) : 'low', title: parts.join(', '), since };
}

/** Makes the transitions of one look. */
export function teller(before: ToldState | undefined, look: InstanceReport, startedAt: string) {
  const { id, uri, name, group, labels, image, verdict, recommendation } = look;
  const instance: NotifiedInstance = {
    ...{ id: short(id), uri: short(uri), name: short(name), group: short(group), image: short(image.ref), verdict },
    labels: Object.fromEntries(Object.entries(labels).map(([k, v]) => [short(k, 100), short(v)])),
    action: recommendation.action,
  };
  const shared = { instance, verdicts: [...new Set([before?.verdict ?? verdict, verdict])] };
  return {
    finding: (kind: Transition['kind'], told: Told, reason: string): Transition => ({
      ...{ kind, about: 'finding', key: keyOf(told.finding.id, id), severity: told.severity },
      ...{ title: told.title, reason: short(reason, 500), ...shared, finding: told.finding, since: told.since },
    }),
    condition(kind: 'new' | 'resolved', c: Condition): Transition {
      const gap = look.gaps[0];
      const why = gap ? `${gap.probe}: ${gap.detail}` : '';
      return {
        ...{ kind, about: 'reading', key: keyOf(c, id), severity: conditionSeverity[c] },
        title: kind === 'new' ? conditionTitle[c] : `no longer: ${conditionTitle[c]}`,
        ...{ reason: kind === 'new' ? short(why, 500) : '', ...shared, since: startedAt },
        ...(kind === 'resolved' ? { by: 'gone' as const } : {}),
      };
    },
    verdict: (kind: 'worse' | 'resolved', alarm: Verdict): Transition => ({
      ...{ kind, about: 'verdict', key: keyOf(`verdict-${alarm}`, id), severity: 'medium' },
      title: kind === 'worse' ? `is ${alarm} now, was ${before?.verdict}` : `is ${alarm} no longer`,
      ...{ reason: short(look.recommendation.reason, 500), ...shared, since: startedAt },
      ...(kind === 'resolved' ? { by: 'gone' as const } : {}),
    }),
    first: (kind: 'new' | 'resolved', sum: NonNullable<ToldState['first']>): Transition => ({
      ...{ kind, about: 'first', key: keyOf('first', id), severity: sum.severity },
      title: kind === 'new' ? sum.title : 'all that its first scan found is gone',
      ...{ reason: short(look.recommendation.reason, 500), ...shared, since: sum.since },
      ...(kind === 'resolved' ? { by: 'gone' as const } : {}),
    }),
  };
}
