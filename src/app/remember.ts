import { isLive, severities } from '../core/finding.ts';
import type { MakeOutgoing } from '../core/notify.ts';
import type { RememberedInstance, Store } from '../core/ports.ts';
import type { InstanceReport, ReportView } from '../core/report.ts';
import type { Outcome } from './instance.ts';

/** Keeps a scan, its findings, and the notifications that it leaves to be sent. The instances are gone through once. */
export function remember(
  store: Store,
  report: ReportView,
  instances: Iterable<InstanceReport>,
  outcomes: Outcome[],
  outgoing?: MakeOutgoing,
): void {
  const { id, startedAt, finishedAt, partial } = report.scan;
  const { findings } = report.summary;
  const live = severities.reduce((sum, severity) => sum + findings[severity], 0);
  const worst = [...severities].reverse().find((severity) => findings[severity] > 0) ?? '';
  store.addScan(
    { id, startedAt, finishedAt, instances: report.instances.length, findings: live, worst, partial },
    JSON.stringify({ ...report, instances: [] }),
    remembered(instances, outcomes),
    outgoing,
  );
}

function* remembered(instances: Iterable<InstanceReport>, outcomes: Outcome[]): Iterable<RememberedInstance> {
  let i = 0;
  for (const instance of instances) {
    const outcome = outcomes[i++];
    yield {
      id: instance.id,
      identity: outcome?.identity ?? '',
      image: instance.image.ref,
      group: instance.group,
      verdict: instance.verdict,
      score: instance.score,
      complete: (outcome?.reached ?? false) && instance.gaps.length === 0,
      findings: instance.findings
        .filter(isLive)
        .map(({ id: finding, kind, change, subject, severity, disposition }) => ({
          ...{ id: finding, kind, change, subject },
          ...{ severity, disposition },
        })),
      report: JSON.stringify(instance),
    };
  }
}
