import { printable } from '../core/bytes.ts';
import type { InstanceReport, ReportFinding } from '../core/report.ts';

/** Text of others in many lines, each of them printable; nothing but line feeds stays of what a terminal obeys. */
export function printableLines(text: string): string[] {
  return text.split('\n').map((line) => printable(line.replaceAll('\t', '    ')));
}

/** At most `most` characters, never half a character, and a mark that something was cut. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most).replace(/[\ud800-\udbff]$/, '')}...`;
}

/** What was found, in a few words: `file /etc/app.conf changed`. */
export function titleOf({ kind, subject, change }: Pick<ReportFinding, 'kind' | 'subject' | 'change'>): string {
  return printable(change === 'violates' ? `${kind} ${subject} violates a rule` : `${kind} ${subject} ${change}`);
}

/** The version of a package before and after. */
export function versionsOf({ before, after }: ReportFinding): { before?: string; after?: string } {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? printable(value) : undefined);
  const [old, now] = [text(before?.['version']), text(after?.['version'])];
  return { ...(old ? { before: old } : {}), ...(now ? { after: now } : {}) };
}

/** The name of an image as it is shown; it may have none. */
export function imageOf({ image }: Pick<InstanceReport, 'image'>): string {
  return printable(image.ref);
}
