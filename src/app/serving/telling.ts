import { UserError } from '../../core/errors.ts';
import { severities } from '../../core/finding.ts';
import type { ReportView } from '../../core/report.ts';
import type { Happened } from '../../schedule/scheduler.ts';
import type { Fields, Log } from './log.ts';

/** Images of a scan that a line of the log names, at most. */
const mostImages = 20;

export const iso = (time: number): string => new Date(time).toISOString();
/** Milliseconds as seconds. */
export const seconds = (ms: number): number => Math.round(ms) / 1000;

/** An error as fields of the log; of a fault of ours with its stack. */
export function whyOf(error: unknown): Fields {
  if (error instanceof UserError) return { why: error.message, ...(error.hint ? { hint: error.hint } : {}) };
  return { why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** What a report comes to. */
export function told({ scan, summary, instances, fleet }: ReportView): Fields {
  const findings = severities.reduce((sum, severity) => sum + summary.findings[severity], 0);
  const worst = [...severities].reverse().find((severity) => summary.findings[severity] > 0) ?? '';
  const images = fleet.map(({ image }) => image).slice(0, mostImages);
  return { scan: scan.id, instances: instances.length, findings, worst, images, verdicts: summary.instances };
}

/** Says what happened without a run. */
export function sayHappened(log: Log, event: Happened): void {
  const { type: _, ...more } = event;
  const fields = { ...more, ...('slot' in more ? { slot: iso(more.slot) } : { due: iso(more.due) }) };
  if (event.type === 'queued') log('info', 'waits until another job has ended', fields);
  else if (event.type === 'overlapped') log('warn', 'came due while it ran, and is left out', fields);
  else log('warn', event.run ? 'earlier runs were missed; one is made for all' : 'missed, and left out', fields);
}
