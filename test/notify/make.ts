import type { Notification, Transition } from '../../src/core/notify.ts';
import type { InstanceReport, Report, ReportFinding } from '../../src/core/report.ts';

export const at = (n: number): string => new Date(Date.UTC(2026, 0, 1, n)).toISOString();

export function finding(id: string, more: Partial<ReportFinding> = {}): ReportFinding {
  return {
    ...{ id, kind: 'file', change: 'changed', subject: `/etc/${id}`, severity: 'high', disposition: 'drift' },
    ...{ rule: 'severity/configuration', reason: 'content changed', explains: 0, tamper: false, controls: [] },
    ...more,
  };
}

/** A look at an instance: verdict and flags follow from what is given. */
export function look(findings: ReportFinding[], more: Partial<InstanceReport> = {}): InstanceReport {
  const gaps = more.gaps ?? [];
  const verdict = findings.some((f) => f.disposition === 'drift')
    ? 'drifted'
    : gaps.length > 0
      ? 'incomplete'
      : 'clean';
  return {
    ...{
      id: 'web-1',
      uri: 'ssh://web-1',
      name: 'web-1',
      group: 'web',
      labels: { tier: 'front' },
      identity: 'machine-1',
    },
    ...{ image: { ref: 'web:1' }, manifest: { digest: 'sha256:0' }, score: 0, gaps, findings, seconds: 1, verdict },
    flags: [verdict, ...(gaps.length > 0 ? (['incomplete'] as const) : [])],
    recommendation: { action: 'replace', reason: 'it drifted', confidence: 'high' },
    coverage: { files: 1, filesSeen: 1, filesHashed: 1, bytesHashed: 1, excluded: [] },
    ...more,
  };
}

export const gap = { probe: 'files', reason: 'permission', detail: '1 directory may not be read' } as const;

export const away: Partial<InstanceReport> = {
  ...{ verdict: 'unreachable', flags: ['unreachable'], manifest: null },
  gaps: [{ probe: 'connect', reason: 'unreachable', detail: 'connection refused' }],
};

export function report(instances: InstanceReport[], n = 1, more: Partial<Report['scan']> = {}): Report {
  return {
    schema: 'snowfence.report/v1',
    scan: {
      ...{ id: `scan-${n}`, startedAt: at(n), finishedAt: at(n), depth: 'full', partial: false, ...more },
      ...{ scanner: { version: '0' }, probe: { sha256: '' }, policy: { digest: '' } },
    },
    summary: { instances: {}, findings: {}, gaps: 0 } as unknown as Report['summary'],
    instances,
    fleet: [],
  };
}

export function transition(more: Partial<Transition> = {}): Transition {
  return {
    ...{ kind: 'new', about: 'finding', key: 'snowfence/sf-1/web-1', severity: 'high', title: 'file changed /etc/a' },
    ...{ reason: 'content changed', verdicts: ['clean', 'drifted'], since: at(0) },
    instance: {
      ...{ id: 'web-1', uri: 'ssh://web-1', name: 'web-1', group: 'web', labels: { tier: 'front' }, image: 'web:1' },
      ...{ verdict: 'drifted', action: 'replace' },
    },
    finding: { id: 'sf-1', kind: 'file', change: 'changed', subject: '/etc/a', rule: 'r', tamper: false },
    ...more,
  } as Transition;
}

/** A message with these transitions, as an item each and as alerts. */
export function message(all: Transition[], more: Partial<Notification> = {}): Notification {
  const count = (kind: string) => all.filter((t) => t.kind === kind).length;
  return {
    ...{ schema: 'snowfence.notification/v1', id: 'scan-1/0/sink', kind: 'transitions', at: at(1), more: 0 },
    scan: { id: 'scan-1', startedAt: at(1), finishedAt: at(1), instances: 40 },
    counts: { new: count('new'), worse: count('worse'), resolved: count('resolved') },
    items: all.map(({ instance, key, verdicts: _, finding: what, ...rest }) => ({
      ...rest,
      ...(what ? { finding: what } : {}),
      ...{ instances: [{ ...instance, key }], seen: 1, of: 40 },
    })),
    alerts: all,
    ...more,
  };
}
