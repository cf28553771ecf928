import { describe, expect, it } from 'vitest';
import type { ReportFinding } from '../../src/core/report.ts';
import { renderers } from '../../src/report/registry.ts';
import { cases } from './reports.ts';

/** The line of a finding in the text report, without its mark. */
async function line(rest: Partial<ReportFinding>): Promise<string> {
  const report = structuredClone(cases['clean']);
  const [instance] = report?.instances ?? [];
  const [any] = report?.instances[1]?.findings ?? [];
  if (!report || !instance || !any) throw new Error('no report');
  instance.verdict = 'snowflake';
  instance.findings = [
    { ...any, kind: 'setting', subject: 'sysctl a.b', disposition: 'drift', severity: 'high', ...rest },
  ];
  const text = [...((await renderers['text']?.())?.render(report, { color: false, all: false }) ?? [])].join('');
  return text.split('\n').find((l) => l.includes('sysctl a.b')) ?? '';
}

describe('the text report shows of a setting', () => {
  it.each<[string, Partial<ReportFinding>, string]>([
    [
      'what it was and is',
      { change: 'changed', before: { value: '1' }, after: { value: '2' } },
      '~ setting sysctl a.b 1 -> 2',
    ],
    ['what was added', { change: 'added', after: { value: '2' } }, '+ setting sysctl a.b: 2'],
    ['what was removed', { change: 'removed', before: { value: '1' } }, '- setting sysctl a.b: 1'],
    [
      'nothing that is long, a list or a digest',
      { change: 'added', after: { value: 'a'.repeat(64) } },
      '+ setting sysctl a.b',
    ],
    ['no list', { change: 'changed', before: { value: ['a'] }, after: { value: ['b'] } }, '~ setting sysctl a.b'],
    [
      'nothing that a terminal obeys',
      { change: 'added', after: { value: 'x\x1b[2J\nhigh' } },
      '+ setting sysctl a.b: x\\x1b[2J\\x0ahigh',
    ],
  ])('%s', async (_, rest, expected) => {
    expect((await line(rest)).trim().replace(/^high +/, '')).toBe(expected);
  });
});
