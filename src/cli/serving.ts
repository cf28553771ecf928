import type { Writable } from 'node:stream';
import type { ScheduledJob } from '../app/scheduling/setup.ts';
import type { Daemon, Loaded } from '../app/serving/daemon.ts';
import type { Listen } from '../app/serving/http.ts';
import { messageOf } from '../core/errors.ts';
import type { Store } from '../core/ports.ts';
import type { Clock } from '../core/schedule.ts';
import type { Context } from './context.ts';
import { storedView } from './files.ts';
import { flagsOfJob } from './jobs.ts';
import { notifyingOf } from './notifying.ts';
import { historyLength, outputsFor } from './output.ts';
import { prepareScan } from './scanning.ts';
import { type ScanFlags, wholeScan } from './whole-scan.ts';

/** Options of `serve`. */
export interface ServeFlags extends Omit<ScanFlags, 'store'> {
  inventory: string;
  store?: string;
  listen: Listen;
  /** Seconds that a run has to end by itself when the daemon is to stop. */
  grace: number;
}

/** How it is served: the command line gives the machine's clock, a test its own. */
export interface Serving {
  flags: ServeFlags;
  context: Context;
  store: Store;
  clock: Clock;
}

/** A daemon that serves. */
export interface Served {
  daemon: Daemon;
  /** That it listens on. */
  port: number;
  /** Stops by and by. */
  stop(): Promise<void>;
}

/** Time that is late for a run that was due, milliseconds. */
const overdue = 3600_000;

/** Starts the daemon and its pages. @throws UserError when the fleet file is not good or the address is taken. */
export async function serve({ flags, context, store, clock }: Serving): Promise<Served> {
  const [{ Daemon }, { jsonLog, logged }, http, { ownMetrics }, { version }] = await Promise.all([
    import('../app/serving/daemon.ts'),
    import('../app/serving/log.ts'),
    import('../app/serving/http.ts'),
    import('../app/serving/metrics.ts'),
    import('../app/places.ts'),
  ]);
  const commit = context.env['SNOWFENCE_COMMIT'] ?? '';
  const always = { version: version(), ...(commit ? { commit } : {}) };
  const log = jsonLog((line) => void context.stderr.write(line), clock, always);
  const speaking = (fields: object, signal: AbortSignal): Context => ({
    ...{ ...context, signal },
    stderr: logged(log, { ...fields }) as Writable as NodeJS.WriteStream,
  });
  const load = () => loadFleet(flags, store, (fields, signal = context.signal) => speaking(fields, signal));
  const daemon = await Daemon.open({ store, clock, log, load });
  const lastScan = scanText(store, daemon);
  const metrics = async () =>
    (await lastScan()) +
    ownMetrics({
      ...{ startedAt: daemon.startedAt, version: version(), commit, configGood: daemon.configProblem === undefined },
      ...{ standings: daemon.standings(), rows: daemon.rows(), runs: daemon.runs },
      waiting: store.outbox.status().filter(({ fleet }) => fleet === daemon.fleet),
    });
  // First the address, then the runs: nobody is contacted when it cannot be had.
  const { port, close } = await http.serveHttp(flags.listen, {
    '/healthz': () => http.text(200, 'ok\n'),
    '/readyz': () => {
      const problems = problemsOf(daemon, store, clock.now());
      return http.text(problems.length > 0 ? 503 : 200, `${problems.join('\n') || 'ready'}\n`);
    },
    '/metrics': async () => ({ ...http.text(200, await metrics()), type: 'text/plain; version=0.0.4; charset=utf-8' }),
  });
  log('info', 'serves', { fleet: daemon.fleet, listen: `${flags.listen.host}:${port}` });
  if (!http.isLoopback(flags.listen))
    log('warn', 'whoever reaches the address may read names, verdicts and counts of the fleet', {
      listen: flags.listen.host,
    });
  daemon.begin();
  for (const { job, nextAt } of daemon.standings())
    if (nextAt !== undefined) log('info', 'next run', { job, due: new Date(nextAt).toISOString() });
  return {
    ...{ daemon, port },
    async stop() {
      await daemon.stop(flags.grace * 1000);
      await close();
    },
  };
}

/** Everything that its jobs need, proved before it is in force. @throws UserError */
async function loadFleet(
  flags: ServeFlags,
  store: Store,
  speaking: (fields: object, signal?: AbortSignal) => Context,
): Promise<Loaded> {
  const { loadSchedules } = await import('../app/scheduling/setup.ts');
  const schedules = await loadSchedules(flags.inventory);
  const notifying = await notifyingOf(flags, store);
  const flagsFor = (job: ScheduledJob, time: number) => flagsOfJob<ScanFlags>(flags, job, time);
  const prepared = new Map(
    await Promise.all(
      schedules.jobs.map(async (job) => {
        const own = flagsFor(job, 0);
        if (own.format.length > 0) await outputsFor(own, true);
        return [job.name, await prepareScan([], own)] as const;
      }),
    ),
  );
  return {
    schedules,
    async scan(job, { slot, signal, onScan }) {
      const own = flagsFor(job, slot);
      const ready = prepared.get(job.name) ?? (await prepareScan([], own));
      const outputs = own.format.length > 0 ? await outputsFor(own, true) : undefined;
      const context = speaking({ job: job.name }, signal);
      const onEvent = (event: { type: string; id?: string }) => {
        if (event.type === 'scan-started' && event.id !== undefined) onScan(event.id);
      };
      return wholeScan({ ...{ flags: own, prepared: ready, outputs, store, notifying, context }, onEvent });
    },
    async write(job, slot, scan) {
      const own = flagsFor(job, slot);
      if (own.format.length === 0) return;
      const view = storedView(store, scan);
      await (await outputsFor(own)).write(view, speaking({ job: job.name }), {
        history: store.listScans(historyLength),
      });
    },
    flush: async () => notifying?.deliver(speaking({})),
  };
}

/** Why it is not ready; empty when it is. */
function problemsOf(daemon: Daemon, store: Store, now: number): string[] {
  const problems: string[] = [];
  if (daemon.configProblem !== undefined) problems.push(`fleet file: ${daemon.configProblem.split('\n')[0]}`);
  try {
    store.probe();
    for (const { job, state, nextAt, dueAt } of daemon.standings()) {
      const due = nextAt ?? dueAt;
      if (state !== 'running' && due !== undefined && due < now - overdue)
        problems.push(`job ${job}: was due at ${new Date(due).toISOString()} and has not begun`);
    }
  } catch (error) {
    problems.push(`store: ${messageOf(error)}`);
  }
  return problems;
}

/** Metrics of the last scan that a job made, rendered once; empty where there is none. */
function scanText(store: Store, daemon: Daemon): () => Promise<string> {
  let known = { scan: '', text: '' };
  return async () => {
    const [last] = daemon
      .rows()
      .flatMap(({ scan, finishedAt }) => (scan && finishedAt ? [{ scan, finishedAt }] : []))
      .sort((a, b) => (a.finishedAt < b.finishedAt ? 1 : -1));
    if (!last || last.scan === known.scan) return known.text;
    const [{ prometheus }, { viewOf }] = await Promise.all([
      import('../report/prometheus/render.ts'),
      import('../app/stored.ts'),
    ]);
    const found = store.findScan(last.scan);
    if (found) {
      const text = [...prometheus.render(viewOf(found), { color: false, all: false })].join('');
      known = { scan: last.scan, text };
    }
    return known.text;
  };
}
