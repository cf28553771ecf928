import type { ControlReport, Report } from '../core/report.ts';
import { accountOf } from './account.ts';

/** The compliance report as JSON: what the controls rest on, with the findings that they cite. */
export function complianceJson(report: Report): string {
  const { frameworks, counts, cite, instances, gaps } = accountOf(report);
  const cited = (list: ControlReport['failed']) =>
    list.map(({ instance, findings, more }) => ({
      instance,
      ...(more === undefined ? {} : { more }),
      findings: findings.flatMap((id) => {
        const found = cite(instance, id)?.finding;
        return found
          ? [{ id, kind: found.kind, subject: found.subject, severity: found.severity, reason: found.reason }]
          : [];
      }),
    }));
  const result = {
    schema: 'snowfence.compliance/v1',
    scan: report.scan,
    instances,
    summary: counts,
    frameworks: frameworks.map(({ name, controls }) => ({
      name,
      controls: controls.map(({ control: _, partly: __, ...one }) => ({
        ...one,
        failed: cited(one.failed),
        waived: cited(one.waived),
      })),
    })),
    waivers: report.waivers ?? [],
    gaps: gaps.map(({ instance, gap: { probe, reason, detail } }) => ({ instance, probe, reason, detail })),
  };
  return `${JSON.stringify(result, null, 2)}\n`;
}
