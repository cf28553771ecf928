import { printable } from '../../core/bytes.ts';
import type { JobRow } from '../../core/schedule.ts';
import { line } from '../../report/prometheus/line.ts';
import type { Standing } from '../../schedule/scheduler.ts';

/** How runs may end. */
export const results = ['done', 'failed', 'aborted'] as const;
export type Result = (typeof results)[number];

/** What a daemon knows of itself. Times are milliseconds since the epoch. */
export interface Own {
  startedAt: number;
  version: string;
  commit: string;
  /** Is the fleet file that was read last a good one? */
  configGood: boolean;
  standings: readonly Standing[];
  rows: readonly JobRow[];
  /** Runs that ended in this process, by job. */
  runs: ReadonlyMap<string, Readonly<Record<Result, number>>>;
  /** Notifications that are not delivered yet, by sink. */
  waiting: readonly { sink: string; waiting: number; dead: number }[];
}

type Samples = { value: number; [label: string]: string | number }[];

/** The metrics of the daemon itself, in Prometheus' text format. */
export function ownMetrics(own: Own): string {
  const { standings, rows, runs, waiting } = own;
  const gauge = (name: string, help: string, samples: Samples) => family('gauge', name, help, samples);
  const of = (value: (row: JobRow) => number | undefined): Samples =>
    rows.flatMap((row) => {
      const found = value(row);
      return found === undefined || Number.isNaN(found) ? [] : [{ job: row.job, value: found }];
    });
  const time = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text) / 1000);
  return [
    gauge('snowfence_serve_info', 'The daemon: 1.', [{ version: own.version, commit: own.commit, value: 1 }]),
    gauge('snowfence_serve_start_time_seconds', 'When the daemon started.', [{ value: own.startedAt / 1000 }]),
    gauge('snowfence_serve_config_good', 'Was the fleet file that was read last a good one?', [
      { value: own.configGood ? 1 : 0 },
    ]),
    family(
      'counter',
      'snowfence_serve_runs_total',
      'Runs that ended, since the daemon started.',
      [...runs].flatMap(([job, counts]) => results.map((result) => ({ job, result, value: counts[result] }))),
    ),
    gauge(
      'snowfence_serve_running',
      'Does the job run?',
      standings.map(({ job, state }) => ({ job, value: state === 'running' ? 1 : 0 })),
    ),
    gauge('snowfence_serve_queued', 'Jobs that wait for another one to end.', [
      { value: standings.filter(({ state }) => state === 'queued').length },
    ]),
    gauge(
      'snowfence_serve_next_run_timestamp_seconds',
      'When the next run of the job is due.',
      standings.flatMap(({ job, nextAt }) => (nextAt === undefined ? [] : [{ job, value: nextAt / 1000 }])),
    ),
    gauge(
      'snowfence_serve_last_run_timestamp_seconds',
      'When the last run of the job ended.',
      of((row) => time(row.finishedAt)),
    ),
    gauge(
      'snowfence_serve_last_run_duration_seconds',
      'How long the last run of the job took.',
      of(({ startedAt, finishedAt }) => (time(finishedAt) ?? Number.NaN) - (time(startedAt) ?? Number.NaN)),
    ),
    gauge(
      'snowfence_serve_last_run_exit_code',
      'Exit code of the last run of the job.',
      of((row) => row.exit),
    ),
    gauge(
      'snowfence_serve_notifications_waiting',
      'Notifications that are to be delivered.',
      waiting.map(({ sink, waiting: value }) => ({ sink, value })),
    ),
    gauge(
      'snowfence_serve_notifications_given_up',
      'Notifications that were given up.',
      waiting.map(({ sink, dead: value }) => ({ sink, value })),
    ),
  ].join('');
}

function family(type: 'gauge' | 'counter', name: string, help: string, samples: Samples): string {
  const lines = samples.map(({ value, ...labels }) =>
    line(name, Object.fromEntries(Object.entries(labels).map(([key, text]) => [key, printable(String(text))])), value),
  );
  return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
