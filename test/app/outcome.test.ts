import { describe, expect, it } from 'vitest';
import { exitOf } from '../../src/app/outcome.ts';
import { isLive, verdicts } from '../../src/core/finding.ts';
import type { InstanceReport, Report } from '../../src/core/report.ts';
import { cases } from '../report/reports.ts';

function reportOf(instances: Partial<InstanceReport>[], partial = false): Report {
  const { clean } = cases;
  const [first] = clean?.instances ?? [];
  if (!clean || !first) throw new Error('there is no clean report');
  const all = instances.map((rest) => ({ ...first, ...rest }));
  const summary = structuredClone(clean.summary);
  summary.instances = Object.fromEntries(verdicts.map((verdict) => [verdict, 0])) as typeof summary.instances;
  for (const { flags, gaps, findings } of all) {
    summary.instances[flags[0] ?? 'clean']++;
    summary.gaps += gaps.length;
    for (const finding of findings.filter(isLive)) summary.findings[finding.severity]++;
  }
  return { ...clean, summary, scan: { ...clean.scan, partial }, instances: all };
}
const live = (cases['odd']?.instances[1]?.findings ?? []).filter((f) => f.disposition === 'drift');
const low = live.filter((f) => f.severity === 'low');
const gap = { probe: 'files', reason: 'permission', detail: 'closed' } as const;

describe('the exit code of a scan', () => {
  it.each<[string, Report, Parameters<typeof exitOf>[1], number]>([
    ['clean', reportOf([{}]), 'low', 0],
    ['a finding', reportOf([{}, { findings: low }]), 'low', 1],
    ['a finding below the limit', reportOf([{ findings: low }]), 'medium', 0],
    [
      'expected and waived',
      reportOf([{ findings: live.map((f) => ({ ...f, disposition: 'waived' as const })) }]),
      'info',
      0,
    ],
    ['a gap', reportOf([{ gaps: [gap] }]), 'low', 3],
    ['nobody reached', reportOf([{ flags: ['unreachable'] }]), 'low', 3],
    ['no manifest', reportOf([{ flags: ['unknown-image'] }]), 'low', 3],
    ['a gap here and a finding there', reportOf([{ gaps: [gap] }, { findings: live }]), 'low', 1],
    ['a finding below the limit and a gap', reportOf([{ findings: low, gaps: [gap] }]), 'high', 3],
    ['interrupted with findings', reportOf([{ findings: live }], true), 'low', 130],
  ])('of %s', (_, report, failOn, code) => {
    expect(live.length).toBe(4);
    expect(exitOf(report, failOn)).toBe(code);
  });
});
