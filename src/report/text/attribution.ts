import { printable } from '../../core/bytes.ts';
import type { ReportFinding } from '../../core/report.ts';

/** Longest command that a terminal gets, characters; the JSON report has more. */
const longest = 120;

/**
 * Who did it, in one line: the likeliest word; the JSON report has all of them. `on` is the name of the instance whose
 * log it is, where the finding stands for several.
 */
export function attributionLine({ attribution }: Pick<ReportFinding, 'attribution'>, on?: string): string[] {
  const first = attribution?.[0];
  if (!first) return [];
  const who = first.by === undefined ? '' : `by ${printable(first.by)}`;
  const when = first.at === undefined ? '' : `${first.at.slice(0, 16)}Z`;
  const command = printable(first.command ?? '');
  const what = command.length > longest ? `${command.slice(0, longest)}...` : command;
  const told = [[who, when].filter(Boolean).join(', '), what].filter(Boolean).join(': ');
  return [`${on === undefined ? '' : `on ${printable(on)} `}${told} (the host's own word: ${printable(first.source)})`];
}
