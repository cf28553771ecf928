import { printable } from '../core/bytes.ts';
import type { ControlReport, Report } from '../core/report.ts';
import { type Account, accountOf, type Control, mostCited } from './account.ts';

const marks = { evidenced: 'evidenced', failed: '**failed**', 'not covered': 'not covered' } as const;

/** The compliance report as Markdown, for a pull request or a ticket. */
export function complianceMarkdown(report: Report): string {
  const account = accountOf(report);
  const { frameworks, counts, instances } = account;
  const lines = [
    '# Compliance',
    '',
    `Scan ${text(report.scan.id)} of ${report.scan.startedAt}, depth ${report.scan.depth}, snowfence ${text(report.scan.scanner.version)}; ${instances.judged} of ${instances.total} instances judged.`,
    `Policy \`${text(report.scan.policy.digest)}\`, probe program \`sha256:${text(report.scan.probe.sha256)}\`.`,
    '',
    `Controls: ${counts.evidenced} evidenced, ${counts.failed} failed, ${counts['not covered']} not covered.`,
    ...(account.notJudged.length > 0 ? ['', `Not judged: ${account.notJudged.map(text).join(', ')}.`] : []),
    ...frameworks.flatMap(({ name, controls }) => [
      '',
      `## ${text(name)}`,
      '',
      '| control | state | evidenced on | failed on | not covered on | rules |',
      '| --- | --- | --- | --- | --- | --- |',
      ...controls.map(
        (one) =>
          `| ${text(one.number)} | ${marks[one.state]} | ${one.evidenced} | ${one.failed.length} | ${one.notCovered.length} | ${one.rules.length} |`,
      ),
      ...controls.flatMap((one) => because(one, account)),
    ]),
    ...waivers(report),
    ...gaps(account),
  ];
  return `${lines.join('\n')}\n`;
}

function because({ number, failed, waived, partly }: Control, { cite }: Account): string[] {
  const cited = (list: ControlReport['failed'], word: string) =>
    list
      .flatMap(({ instance, findings }) => findings.flatMap((id) => cite(instance, id) ?? []))
      .slice(0, mostCited)
      .map(
        ({ instance, finding }) =>
          `- ${word} on ${text(instance)}: ${finding.kind} ${text(finding.subject)} (${finding.severity}): ${text(finding.reason)}`,
      );
  const lines = [
    ...cited(failed, 'failed'),
    ...cited(waived, 'waived'),
    ...partly.slice(0, mostCited).map(({ instance, why }) => `- not covered on ${text(instance)}: ${text(why)}`),
  ];
  return lines.length > 0 ? ['', `### ${text(number)}`, '', ...lines] : [];
}

function waivers({ waivers: list = [] }: Report): string[] {
  if (list.length === 0) return [];
  return [
    '',
    '## Waivers',
    '',
    '| waiver | state | until (UTC) | owner | ticket | findings | reason |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...list.map(
      (w) =>
        `| ${text(w.id)} | ${w.state} | ${w.expires} | ${text(w.owner)} | ${text(w.ticket ?? '')} | ${w.used} | ${text(w.reason)} |`,
    ),
  ];
}

function gaps({ gaps: list }: Account): string[] {
  if (list.length === 0) return [];
  return [
    '',
    '## Not read',
    '',
    ...list
      .slice(0, 200)
      .map(({ instance, gap }) => `- ${text(instance)}: ${gap.probe}: ${text(gap.detail)} [${gap.reason}]`),
  ];
}

/** Text of others as text: nothing in it is markup, and it stays in its line and its cell. */
function text(value: string): string {
  return printable(value)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()#+!|~]/g, (mark) => `\\${mark}`);
}
