import { printable, printableJson } from '../../core/bytes.ts';
import { isLive } from '../../core/finding.ts';
import type { InstanceReport, ReportFinding, ReportView } from '../../core/report.ts';
import type { Renderer } from '../renderer.ts';
import { titleOf } from '../text.ts';
import { eventOf, subjectOf } from './fields.ts';

/** Version of the Elastic Common Schema whose names are used. All of them are in 9.x too. */
const version = '8.17.0';

/**
 * Elastic Common Schema, one document a line: an alert for each live finding, a state for each instance, an error of the
 * pipeline for each thing that could not be read. What the schema has no name for stands below `snowfence`.
 */
export const ecs: Renderer = {
  format: 'ecs',
  *render(report, { all }) {
    for (const one of report.instances) {
      const lines = [
        stateOf(report, one),
        ...one.gaps.map((gap) => gapOf(report, one, gap)),
        ...one.findings.filter((f) => all || isLive(f)).map((finding) => alertOf(report, one, finding)),
      ];
      yield lines.map((line) => `${printableJson(JSON.stringify(line))}\n`).join('');
    }
  },
};

/** What all documents of an instance share. */
function base({ scan }: ReportView, one: InstanceReport) {
  const { group, uri, identity, image, verdict, score, recommendation } = one;
  // A dot in a key would be read as an object within.
  const labels = Object.fromEntries(
    Object.entries(one.labels).map(([key, value]) => [printable(key).replaceAll('.', '_'), printable(value)]),
  );
  return {
    '@timestamp': scan.finishedAt,
    ecs: { version },
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    host: {
      name: printable(one.name),
      ...(identity ? { id: printable(identity) } : {}),
      ...(one.os ? { os: { full: printable(one.os) } } : {}),
    },
    observer: { type: 'scanner', product: 'snowfence', version: printable(scan.scanner.version) },
    related: { hosts: [printable(one.name)] },
    snowfence: {
      scan: scan.id,
      instance: { id: printable(one.id), uri: printable(uri), group: printable(group) },
      image: { ref: printable(image.ref), ...(image.digest ? { digest: image.digest } : {}) },
      ...{ verdict, score, recommendation },
    },
  };
}

const common = { module: 'snowfence', provider: 'snowfence' };

function stateOf(report: ReportView, one: InstanceReport): object {
  return {
    ...base(report, one),
    message: `${printable(one.name)}: ${one.verdict}, ${one.recommendation.action}: ${printable(one.recommendation.reason)}`,
    event: {
      ...{ ...common, dataset: 'snowfence.instance', kind: 'state', category: ['host'], type: ['info'] },
      id: `${report.scan.id}/${printable(one.id)}`,
      outcome: one.verdict === 'clean' ? 'success' : 'failure',
      duration: Math.round((one.seconds ?? 0) * 1e9),
    },
  };
}

function gapOf(report: ReportView, one: InstanceReport, { probe, reason, detail }: InstanceReport['gaps'][number]) {
  return {
    ...base(report, one),
    message: `${printable(one.name)}: ${printable(probe)}: ${printable(detail)}`,
    event: {
      ...{ ...common, dataset: 'snowfence.gap', kind: 'pipeline_error', category: ['host'], type: ['info'] },
      ...{ action: `not-read-${printable(probe)}`, outcome: 'unknown' },
    },
    error: { type: printable(reason), message: printable(detail) },
  };
}

function alertOf(report: ReportView, one: InstanceReport, finding: ReportFinding): object {
  const shared = base(report, one);
  const { id, rule, reason, disposition, explains, tamper, controls, attribution, firstSeenAt } = finding;
  const { before, after, diff, ownedBy, prevalence, subjectBase64, kind, change, severity } = finding;
  return {
    ...shared,
    message: `${printable(one.name)}: ${titleOf(finding)}: ${printable(reason)}`,
    event: {
      ...common,
      dataset: 'snowfence.finding',
      ...eventOf(finding),
      ...(firstSeenAt ? { start: firstSeenAt } : {}),
    },
    rule: {
      id: printable(rule),
      name: printable(rule),
      description: printable(reason),
      ruleset: report.scan.policy.digest,
    },
    ...subjectOf(finding),
    ...(finding.attack
      ? {
          threat: {
            framework: 'MITRE ATT&CK',
            technique: { id: [finding.attack.id], name: [finding.attack.name] },
            tactic: { name: [finding.attack.tactic] },
          },
        }
      : {}),
    snowfence: {
      ...shared.snowfence,
      finding: {
        ...{
          id,
          kind,
          change,
          subject: printable(finding.subject),
          subjectBase64,
          severity,
          disposition,
          explains,
          tamper,
        },
        ...{ controls, before, after, diff, ownedBy, prevalence, attribution },
      },
    },
  };
}
