import { UserError } from '../core/errors.ts';
import type { Store } from '../core/ports.ts';
import type { PruneAsk } from '../core/schedule.ts';
import type { Context } from './context.ts';

/** Options of `history prune`. */
export interface PruneFlags {
  keep?: number;
  olderThan?: string;
  dryRun?: boolean;
}

const units: Readonly<Record<string, number>> = { h: 3600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** `90d`, `36h`, `8w` in milliseconds. @throws UserError */
export function spanOf(option: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  const length = units[unit];
  if (length === undefined || Number(number) === 0)
    throw new UserError(`${option} is "${text}"`, 'it must be a number of hours, days or weeks: 36h, 90d, 8w');
  return Number(number) * length;
}

/** Forgets old scans and says what went. @throws UserError */
export function pruneHistory(store: Store, { keep, olderThan, dryRun = false }: PruneFlags, { stdout }: Context): void {
  if ((keep === undefined) === (olderThan === undefined))
    throw new UserError('which scans are to be forgotten?', 'give either --keep N or --older-than AGE');
  const ask: PruneAsk =
    keep === undefined
      ? { before: new Date(Date.now() - spanOf('--older-than', olderThan ?? '')).toISOString() }
      : { keep };
  const { scans, reports, findings, notifications } = store.prune(ask, dryRun);
  stdout.write(
    `${dryRun ? 'would forget' : 'forgot'} ${scans} scans with ${reports} reports of instances, ${findings} resolved findings, ${notifications} delivered notifications\n`,
  );
  if (scans > 0 && !dryRun)
    stdout.write(
      'the file keeps its size, and fills the room again; "sqlite3 FILE VACUUM" while nothing scans makes it small\n',
    );
}

/** Options of `history trend`. */
export interface TrendFlags {
  group?: string;
  image?: string;
  days: number;
  format: 'text' | 'json' | 'csv' | 'html';
}

/** Shows what scans saw over time. */
export async function showTrend(store: Store, flags: TrendFlags, { stdout, stderr, env }: Context): Promise<void> {
  const { instancesOf, liveOf, seriesOf, trendCsv, trendText } = await import('./trend-text.ts');
  const { writeStream } = await import('./write.ts');
  const { group, image, days, format } = flags;
  const since = new Date(Date.now() - days * (units['d'] ?? 0)).toISOString();
  const asked = { since, ...(group === undefined ? {} : { group }), ...(image === undefined ? {} : { image }) };
  const series = seriesOf(store.trend(asked));
  if (format === 'json') {
    const shown = series.map(({ points, ...of }) => ({
      ...of,
      points: points.map((row) => ({
        ...{ scan: row.scan, startedAt: row.startedAt, instances: instancesOf(row), live: liveOf(row) },
        ...{ verdicts: row.verdicts, findings: row.findings },
      })),
    }));
    await writeStream(stdout, [`${JSON.stringify(shown, null, 2)}\n`]);
  } else if (format === 'csv') await writeStream(stdout, trendCsv(series));
  else if (format === 'html') await writeStream(stdout, (await import('./trend-html.ts')).trendHtml(series));
  else await writeStream(stdout, trendText(series, env['TERM'] === 'dumb'));
  if (series.length === 0) stderr.write(`snowfence: no whole scan of the last ${days} days is remembered for that\n`);
}
