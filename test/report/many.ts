import { severities } from '../../src/core/finding.ts';
import type { InstanceReport, ReportView } from '../../src/core/report.ts';
import { cases } from './reports.ts';

/** As many instances as wanted, each with as many findings, made when they are asked for. */
export function manyInstances(instances: number, findings: number): ReportView {
  const base = cases['odd'];
  const [model] = base?.instances.slice(1) ?? [];
  const [found] = model?.findings ?? [];
  if (!base || !model || !found) throw new Error('no report');
  const make = (i: number): InstanceReport => ({
    ...model,
    ...{ id: `ssh://root@web-${i}`, uri: `ssh://root@web-${i}`, name: `web-${i}`, score: i % 101 },
    findings: Array.from({ length: findings }, (_, k) => ({
      ...found,
      ...{ id: `sf-${i}-${k}`, subject: `/srv/${i}/${k}`, severity: severities[(i + k) % 5] ?? 'low' },
    })),
  });
  const { instances: _, ...rest } = base;
  return {
    ...rest,
    summary: { ...base.summary, instances: { ...base.summary.instances, snowflake: instances } },
    instances: {
      length: instances,
      *[Symbol.iterator]() {
        for (let i = 0; i < instances; i++) yield make(i);
      },
    },
  };
}
