import { isLive } from '../../core/finding.ts';
import type { InstanceReport, ReportFinding } from '../../core/report.ts';
import type { Renderer } from '../renderer.ts';
import { versionsOf } from '../text.ts';
import { type Cell, csvOf } from './table.ts';

/** Columns in order; of instances and gaps some stay empty. New ones come at the end. */
const columns = {
  record: (_: InstanceReport, what: Row): Cell => what.record,
  scan: (_: InstanceReport, what: Row): Cell => what.scan,
  instance: (one: InstanceReport): Cell => one.name,
  uri: (one: InstanceReport): Cell => one.uri,
  group: (one: InstanceReport): Cell => one.group,
  image: (one: InstanceReport): Cell => one.image.ref,
  verdict: (one: InstanceReport): Cell => one.verdict,
  score: (one: InstanceReport): Cell => one.score,
  recommendation: (one: InstanceReport): Cell => one.recommendation.action,
  severity: (_: InstanceReport, { finding }: Row): Cell => finding?.severity,
  kind: (_: InstanceReport, { finding, gap }: Row): Cell => finding?.kind ?? gap?.probe,
  change: (_: InstanceReport, { finding, gap }: Row): Cell => finding?.change ?? gap?.reason,
  subject: (_: InstanceReport, { finding }: Row): Cell => finding?.subject,
  reason: (one: InstanceReport, { finding, gap }: Row): Cell =>
    finding?.reason ?? gap?.detail ?? one.recommendation.reason,
  disposition: (_: InstanceReport, { finding }: Row): Cell => finding?.disposition,
  rule: (_: InstanceReport, { finding }: Row): Cell => finding?.rule,
  finding: (_: InstanceReport, { finding }: Row): Cell => finding?.id,
  first_seen_at: (_: InstanceReport, { finding }: Row): Cell => finding?.firstSeenAt,
  version_before: (_: InstanceReport, { finding }: Row): Cell => finding && versionsOf(finding).before,
  version_after: (_: InstanceReport, { finding }: Row): Cell => finding && versionsOf(finding).after,
  owned_by: (_: InstanceReport, { finding }: Row): Cell => finding?.ownedBy,
  explains: (_: InstanceReport, { finding }: Row): Cell => finding?.explains,
  controls: (_: InstanceReport, { finding }: Row): Cell => finding?.controls.join('; '),
  subject_base64: (_: InstanceReport, { finding }: Row): Cell => finding?.subjectBase64,
};

interface Row {
  record: 'instance' | 'finding' | 'gap';
  scan: string;
  finding?: ReportFinding;
  gap?: InstanceReport['gaps'][number];
}

/** A row for each instance, for each of its findings, and for each thing not read. */
export const csv: Renderer = {
  format: 'csv',
  *render({ instances, scan: { id: scan } }, { all }) {
    yield csvOf([Object.keys(columns)]);
    for (const one of instances) {
      const findings = one.findings.filter((finding) => all || isLive(finding));
      const rows: Row[] = [
        { record: 'instance', scan },
        ...findings.map((finding) => ({ record: 'finding' as const, scan, finding })),
        ...one.gaps.map((gap) => ({ record: 'gap' as const, scan, gap })),
      ];
      yield csvOf(rows.map((row) => Object.values(columns).map((of) => of(one, row))));
    }
  },
};
