import { printable, printableJson } from '../../core/bytes.ts';
import { isLive } from '../../core/finding.ts';
import type { InstanceReport, ReportFinding, ReportView } from '../../core/report.ts';
import type { Renderer } from '../renderer.ts';
import { titleOf } from '../text.ts';
import { compliance, confidenceIds, frameworkOf, severityIds, status } from './words.ts';

/** Version of the Open Cybersecurity Schema Framework that is written. */
const version = '1.8.0';

/**
 * OCSF Compliance Finding (class 2003), one event a line: failed for each live finding, suppressed for each that is waived,
 * a warning for each thing that could not be read, passed for each clean instance.
 */
export const ocsf: Renderer = {
  format: 'ocsf',
  *render(report, { all }) {
    for (const one of report.instances) {
      const events = [
        ...(one.verdict === 'clean' ? [passed(report, one)] : []),
        ...one.gaps.map((gap) => unknown(report, one, gap)),
        ...one.findings
          .filter((f) => all || isLive(f) || f.disposition === 'waived')
          .map((finding) => found(report, one, finding)),
      ];
      yield events.map((event) => `${printableJson(JSON.stringify(event))}\n`).join('');
    }
  },
};

const ms = (time: string) => Date.parse(time) || 0;

/** What all events of an instance share (base event and finding of the specification). */
function base({ scan }: ReportView, one: InstanceReport) {
  const { id, name, uri, group, labels, image, recommendation } = one;
  return {
    ...{ category_uid: 2, category_name: 'Findings', class_uid: 2003, class_name: 'Compliance Finding' },
    time: ms(scan.finishedAt),
    ...confidenceIds[recommendation.confidence],
    metadata: {
      version,
      product: { name: 'snowfence', vendor_name: 'snowfence', version: printable(scan.scanner.version) },
      correlation_uid: scan.id,
      log_name: 'snowfence.report/v1',
    },
    resources: [
      {
        uid: printable(id),
        name: printable(name),
        type: 'Instance',
        ...(group ? { group: { name: printable(group) } } : {}),
        labels: [
          `uri:${printable(uri)}`,
          ...Object.entries(labels).map(([key, value]) => printable(`${key}:${value}`)),
        ],
        ...(image.ref ? { version: printable(image.ref) } : {}),
      },
    ],
    remediation: { desc: `${recommendation.action}: ${printable(recommendation.reason)}` },
  };
}

/** New when this scan is the first that sees it, else an update. */
const activity = (isNew: boolean) =>
  isNew
    ? { activity_id: 1, activity_name: 'Create', type_uid: 200301, type_name: 'Compliance Finding: Create' }
    : { activity_id: 2, activity_name: 'Update', type_uid: 200302, type_name: 'Compliance Finding: Update' };

function found(report: ReportView, one: InstanceReport, finding: ReportFinding): object {
  const { scan } = report;
  const { id, rule, reason, severity, controls, firstSeenAt, attack, disposition } = finding;
  const live = isLive(finding);
  const result = live ? compliance.fail : disposition === 'waived' ? compliance.warning : compliance.pass;
  return {
    ...base(report, one),
    ...activity(firstSeenAt === undefined || ms(firstSeenAt) >= ms(scan.startedAt)),
    ...severityIds[severity],
    ...(live ? status.new : status.suppressed),
    message: `${printable(one.name)}: ${titleOf(finding)}: ${printable(reason)}`,
    finding_info: {
      uid: printable(id),
      title: titleOf(finding),
      desc: printable(reason),
      ...(firstSeenAt ? { first_seen_time: ms(firstSeenAt) } : {}),
      last_seen_time: ms(scan.finishedAt),
      analytic: { uid: printable(rule), name: printable(rule), type_id: 1, type: 'Rule' },
      types: [`${finding.kind} ${finding.change}`],
      ...(attack
        ? {
            attacks: [{ technique: { uid: attack.id, name: attack.name }, tactic: { name: attack.tactic } }],
          }
        : {}),
    },
    compliance: {
      standards: frameworkOf(controls),
      ...(controls[0] ? { control: printable(controls[0]), requirements: controls.map(printable) } : {}),
      ...result,
      status_code: disposition,
      status_detail: printable(reason),
    },
    unmapped: { finding: { ...finding, subject: printable(finding.subject) }, verdict: one.verdict, score: one.score },
  };
}

function unknown(report: ReportView, one: InstanceReport, { probe, reason, detail }: InstanceReport['gaps'][number]) {
  const title = `${printable(probe)} could not be read`;
  return {
    ...base(report, one),
    ...activity(true),
    ...severityIds.info,
    ...status.new,
    message: `${printable(one.name)}: ${title}: ${printable(detail)}`,
    finding_info: { uid: printable(`gap/${one.id}/${probe}/${reason}`), title, desc: printable(detail) },
    compliance: {
      ...{ standards: frameworkOf([]), ...compliance.warning },
      ...{ status_code: printable(reason), status_detail: printable(detail) },
    },
    unmapped: { verdict: one.verdict },
  };
}

function passed(report: ReportView, one: InstanceReport): object {
  const title = 'as its image';
  return {
    ...base(report, one),
    ...activity(false),
    ...severityIds.info,
    ...status.resolved,
    message: `${printable(one.name)}: ${title}`,
    finding_info: { uid: printable(`clean/${one.id}`), title, desc: printable(one.recommendation.reason) },
    compliance: { standards: frameworkOf([]), ...compliance.pass, status_code: 'clean' },
    unmapped: { verdict: one.verdict },
  };
}
