import type { Permit, PlanItem, ReplacePlan, Target } from '../../src/core/replacement.ts';
import type { InstanceReport, Report } from '../../src/core/report.ts';
import { digestOf } from '../../src/replace/digest.ts';
import { approve } from '../../src/replace/guard/permit.ts';
import type { ReplaceConfig } from '../../src/schema/replace.ts';

export const now = Date.parse('2026-06-01T12:00:00Z');

/** An instance of a report that may be replaced unless a test says otherwise. */
export function instance(name: string, rest: Partial<InstanceReport> = {}): InstanceReport {
  return {
    ...{ id: name, uri: `ssh://root@${name}`, name, group: 'web', labels: {}, image: { ref: 'web:42' } },
    ...{ manifest: { digest: `sha256:${'c'.repeat(64)}` }, identity: `i-${name}`, launchedAt: '2026-05-01T00:00:00Z' },
    ...{ verdict: 'snowflake', flags: ['snowflake'], score: 35 },
    recommendation: { action: 'replace', reason: 'it left its image', confidence: 'high' },
    coverage: { files: 1, filesSeen: 1, filesHashed: 1, bytesHashed: 1, excluded: [] },
    gaps: [],
    findings: [
      {
        ...{
          id: `sf-${name}`,
          kind: 'file',
          change: 'changed',
          subject: '/etc/a',
          severity: 'high',
          disposition: 'drift',
        },
        ...{ rule: 'severity/x', reason: 'changed', explains: 0, tamper: false, controls: [] },
      },
    ],
    seconds: 1,
    ...rest,
  };
}

export const clean = (name: string, rest: Partial<InstanceReport> = {}): InstanceReport =>
  instance(name, { verdict: 'clean', flags: ['clean'], findings: [], score: 0, ...rest });

/** A scan that ended ten minutes before `now`. */
export function report(instances: InstanceReport[], rest: Partial<Report['scan']> = {}): Report {
  return {
    schema: 'snowfence.report/v1',
    scan: {
      ...{
        id: 'scan-1',
        startedAt: '2026-06-01T11:40:00Z',
        finishedAt: '2026-06-01T11:50:00Z',
        depth: 'full',
        partial: false,
      },
      ...{ scanner: { version: '0' }, probe: { sha256: '' }, policy: { digest: '' } },
      ...rest,
    },
    summary: {
      instances: {} as Report['summary']['instances'],
      findings: {} as Report['summary']['findings'],
      gaps: 0,
    },
    instances,
    fleet: [],
  };
}

/** Everything is allowed, and one after the other. */
export const config = (rest: Partial<ReplaceConfig> = {}): ReplaceConfig => ({
  driver: 'test',
  guard: {
    allowGroups: ['web'],
    minHealthy: 0,
    total: { maxCount: 100, maxPercent: 100, parallel: 100 },
    cooldownMinutes: 0,
  },
  ...rest,
});

export function item(name: string, rest: Partial<PlanItem> = {}): PlanItem {
  return {
    ...{ order: 1, instance: name, uri: `ssh://root@${name}`, name, group: 'web', labels: {}, identity: `i-${name}` },
    ...{ image: { ref: 'web:42' }, driver: 'test', reason: 'it left its image', verdict: 'snowflake', score: 35 },
    ...{ evidence: false, calls: ['replace it'], checks: [] },
    ...rest,
  };
}

export function planOf(items: PlanItem[], rest: Partial<ReplacePlan> = {}): ReplacePlan {
  const plan: ReplacePlan = {
    ...{
      schema: 'snowfence.plan/v1',
      digest: '',
      createdAt: new Date(now).toISOString(),
      config: `sha256:${'d'.repeat(64)}`,
    },
    ...{ scan: { id: 'scan-1', finishedAt: '2026-06-01T11:50:00Z' }, items, left: [], refusals: [] },
    ...rest,
  };
  return { ...plan, digest: digestOf(plan) };
}

/** Leave to replace, in the only way there is: through the guard. */
export function permitOf(target: Partial<Target> & { instance: string }): Permit {
  const plan = planOf([item(target.instance, { ...target, name: target.name ?? target.instance })]);
  const approved = approve(plan, { digest: plan.digest, config: plan.config, refusals: [] });
  const [first] = approved.items;
  if (!first) throw new Error('the plan has no item');
  return first.permit;
}
