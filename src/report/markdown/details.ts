import { printable } from '../../core/bytes.ts';
import { isLive } from '../../core/finding.ts';
import type { InstanceReport, ReportFinding } from '../../core/report.ts';
import type { Group } from '../overview.ts';
import { cut, printableLines, versionsOf } from '../text.ts';
import { code, fenced, prose } from './escape.ts';

/** Findings and lines of a diff that are told of one instance. */
const mostFindings = 20;
const mostLines = 30;

/** One instance, folded: what was found, what could not be read, what to do. */
export function detailsOf(one: InstanceReport, { count, first }: Group, all: boolean): string {
  const findings = one.findings.filter((f) => all || isLive(f));
  const names =
    count === 1
      ? ''
      : `\nAlike: ${first.map((name) => code(name)).join(', ')}${count > first.length ? ` and ${count - first.length} more` : ''}\n`;
  const more = findings.length - mostFindings;
  return [
    // Within an element of HTML no markdown is read: character references and nothing else.
    `<details><summary>${prose(one.name, 120)}${count === 1 ? '' : ` and ${count - 1} alike`}: ${one.verdict}, ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}</summary>`,
    names,
    `**${one.recommendation.action}**: ${prose(one.recommendation.reason)}`,
    '',
    ...findings.slice(0, mostFindings).map(findingOf),
    ...(more > 0 ? [`- and ${more} more`] : []),
    ...one.gaps
      .slice(0, mostFindings)
      .map(({ probe, reason, detail }) => `- **unread** ${code(probe)}: ${prose(detail)} (${prose(reason)})`),
    '',
    '</details>',
    '',
    '',
  ].join('\n');
}

function findingOf(finding: ReportFinding): string {
  const { severity, disposition, kind, change, subject, reason, diff, explains } = finding;
  const { before, after } = versionsOf(finding);
  const versions =
    before && after ? ` ${code(before)} to ${code(after)}` : before || after ? ` ${code(before ?? after ?? '')}` : '';
  const head = `- **${isLive(finding) ? severity : disposition}** ${kind} ${code(subject)} ${change}${versions}${explains > 0 ? ` (and ${explains} more)` : ''}: ${prose(reason)}`;
  if (!diff) return head;
  const lines = printableLines(diff).filter((line) => line !== '');
  const shown = lines.slice(0, mostLines).map((line) => cut(line, 200));
  if (lines.length > mostLines) shown.push(printable(`... ${lines.length - mostLines} more lines`));
  return `${head}\n\n${fenced(shown, 'diff')
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`;
}
