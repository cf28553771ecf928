import { printable } from '../../core/bytes.ts';
import { isLive } from '../../core/finding.ts';
import type { ReportFinding } from '../../core/report.ts';
import { attributionLine } from './attribution.ts';
import { type Paint, severityStyle } from './style.ts';

const signs: Record<ReportFinding['change'], string> = { added: '+', removed: '-', changed: '~', violates: '!' };

/** A finding in lines; `of` is the name of the instance whose finding stands for several. */
export function findingLines(finding: ReportFinding, paint: Paint, of?: string): string[] {
  const mark = isLive(finding) ? finding.severity : finding.disposition;
  const style = isLive(finding) ? severityStyle[finding.severity] : 'dim';
  const notes = [
    ...(finding.explains > 0
      ? [`and ${finding.explains} more ${finding.explains === 1 ? 'difference' : 'differences'}`]
      : []),
    ...(finding.prevalence && finding.prevalence.of > 1
      ? [`${finding.prevalence.seen} of ${finding.prevalence.of} instances`]
      : []),
  ];
  const tail = notes.length > 0 ? paint('dim', ` (${notes.join(', ')})`) : '';
  const values = finding.kind === 'package' ? versionChange(finding) : valueChange(finding);
  return [
    `  ${paint(style, mark.padEnd(8))} ${signs[finding.change]} ${finding.kind} ${paint('bold', printable(finding.subject))}${values}${tail}`,
    `           ${paint('dim', printable(finding.reason))}`,
    ...(finding.diff ? diffLines(finding.diff, paint) : []),
    ...attributionLine(finding, of).map((line) => `           ${paint('dim', line)}`),
  ];
}

function versionChange({ before, after }: ReportFinding): string {
  const old = before?.['version'];
  const now = after?.['version'];
  return old && now
    ? ` ${printable(String(old))} -> ${printable(String(now))}`
    : (now ?? old ?? '') === ''
      ? ''
      : ` ${printable(String(now ?? old))}`;
}

/** What a setting was and is, where that is a short text that says something. */
function valueChange({ before, after }: ReportFinding): string {
  const text = (value: unknown) => (typeof value === 'string' && !/^[0-9a-f]{64}$/.test(value) ? value : undefined);
  const [old, now] = [text(before?.['value']), text(after?.['value'])];
  if ((old ?? now ?? '') === '' || (old ?? '').length + (now ?? '').length > 100) return '';
  if (before && after) return old !== undefined && now !== undefined ? ` ${printable(old)} -> ${printable(now)}` : '';
  return `: ${printable(old ?? now ?? '')}`;
}

/** Lines of a diff that a terminal gets; the JSON report has all of them. */
const maxDiff = 16;

function diffLines(diff: string, paint: Paint): string[] {
  const lines = diff.split('\n').filter((line) => line !== '' && !/^(---|\+\+\+) /.test(line));
  const shown = lines.slice(0, maxDiff).map((line) => {
    const style = line.startsWith('+') ? 'green' : line.startsWith('-') ? 'red' : 'dim';
    return `             ${paint(style, printable(line.replaceAll('\t', '    ')))}`;
  });
  return lines.length > maxDiff
    ? [...shown, paint('dim', `             ... ${lines.length - maxDiff} more lines`)]
    : shown;
}
