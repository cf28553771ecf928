import { messageOf, UserError } from '../../core/errors.ts';
import { type ExitCode, exit } from '../../core/exit.ts';
import type { Store } from '../../core/ports.ts';
import type { ReportView } from '../../core/report.ts';
import type { Clock, JobRow } from '../../core/schedule.ts';
import { dueAt, type Job } from '../../schedule/owed.ts';
import { type Ended, Scheduler } from '../../schedule/scheduler.ts';
import { thisHolder } from '../holder.ts';
import { beating } from '../scheduling/beating.ts';
import { pause } from '../scheduling/clock.ts';
import { lockFleet } from '../scheduling/lock.ts';
import type { ScheduledJob, Schedules } from '../scheduling/setup.ts';
import type { Log } from './log.ts';
import type { Result } from './metrics.ts';
import { iso, sayHappened, seconds, told, whyOf } from './telling.ts';

/** A fleet file that was read and proved, and what is done by it. */
export interface Loaded {
  schedules: Schedules;
  /** Scans as a job says. `onScan` hears the id of the scan before it is recorded. */
  scan(job: ScheduledJob, run: Run): Promise<{ report: ReportView; code: ExitCode }>;
  /** Writes the results of a scan that is recorded, where its own process could not. */
  write(job: ScheduledJob, slot: number, scan: string): Promise<void>;
  /** Delivers notifications that wait. */
  flush(): Promise<void>;
}

export interface Run {
  /** Milliseconds since the epoch. */
  slot: number;
  signal: AbortSignal;
  onScan(id: string): void;
}

/** What a daemon gets from outside. */
export interface DaemonPorts {
  store: Store;
  clock: Clock;
  log: Log;
  /** Reads the fleet file. @throws UserError when it is not good. */
  load(): Promise<Loaded>;
}

/** A job that was settled for so much later than now is one of a clock that was ahead, milliseconds. */
const ahead = 3600_000;
/** Between two deliveries of notifications that wait, milliseconds. */
const flushEvery = 60_000;

/** Runs the jobs of a fleet file until it is stopped. */
export class Daemon {
  readonly runs = new Map<string, Record<Result, number>>();
  readonly startedAt: number;
  /** Why the fleet file that was read last is not the one in force. */
  configProblem: string | undefined;
  readonly #ports: DaemonPorts;
  readonly #scheduler: Scheduler;
  readonly #holder = thisHolder();
  readonly #heart: ReturnType<typeof beating>;
  readonly #stopped = new AbortController();
  #loaded: Loaded;
  #flushing: Promise<void> = Promise.resolve();
  #reloading: Promise<void> = Promise.resolve();

  private constructor(ports: DaemonPorts, loaded: Loaded) {
    this.#ports = ports;
    this.#loaded = loaded;
    this.#heart = beating(ports.store.locks, this.#holder);
    this.startedAt = ports.clock.now();
    this.#scheduler = new Scheduler({
      clock: ports.clock,
      // A store that fails for a while must not end the daemon; what is owed is known again when it is back.
      settled: (job) => this.#try('jobs cannot be read', () => this.#settled(job)) ?? ports.clock.now(),
      settle: (job, slot) =>
        this.#try('jobs cannot be remembered', () => ports.store.jobs.settle(this.fleet, job, iso(slot))),
      run: (job, slot, signal) => this.#run(job, slot, signal),
      say: (event) => sayHappened(ports.log, event),
    });
  }

  /** Reads the fleet file; contacts nobody yet. @throws UserError */
  static async open(ports: DaemonPorts): Promise<Daemon> {
    return new Daemon(ports, await ports.load());
  }

  begin(): void {
    this.#use(this.#loaded);
    this.#flushing = this.#flush();
  }

  get fleet(): string {
    return this.#loaded.schedules.fleet;
  }

  rows(): JobRow[] {
    const names = new Set(this.#loaded.schedules.jobs.map(({ name }) => name));
    return this.#ports.store.jobs.list(this.fleet).filter(({ job }) => names.has(job));
  }

  standings = () => this.#scheduler.standings();
  idle = () => this.#scheduler.idle();

  /** Reads the fleet file again; one that is not good changes nothing. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(async () => {
      const { load, log } = this.#ports;
      try {
        this.#loaded = await load();
        this.configProblem = undefined;
        log('info', 'the fleet file was read again', { jobs: this.#loaded.schedules.jobs.map(({ name }) => name) });
        this.#use(this.#loaded);
      } catch (error) {
        this.configProblem = messageOf(error);
        log('error', 'the fleet file is not good; the one before stays in force', whyOf(error));
      }
    });
    return this.#reloading;
  }

  /** Begins nothing more; a run has so long (milliseconds) to end before it is aborted, which leaves a partial report. */
  async stop(graceMs: number): Promise<void> {
    const { clock, log } = this.#ports;
    const running = this.standings().find(({ state }) => state === 'running');
    log('info', 'stops', running ? { job: running.job, graceSeconds: graceMs / 1000 } : {});
    await this.#scheduler.stop((over) => pause(clock, graceMs, over));
    this.#stopped.abort();
    await Promise.all([this.#flushing, this.#reloading]);
    this.#heart.stop();
    log('info', 'has stopped');
  }

  #use({ schedules: { fleet, jobs } }: Loaded): void {
    const { store, clock } = this.#ports;
    for (const job of jobs) {
      const { name, timetable } = job;
      const row = store.jobs.know(fleet, name, `${timetable.cron} ${timetable.zone}`, iso(clock.now()));
      if (row.state === 'running' && row.holder && !this.#heart.alive(row.holder)) this.#recover(job, row, row.holder);
      if (!this.runs.has(name)) this.runs.set(name, { done: 0, failed: 0, aborted: 0 });
    }
    this.#scheduler.use(jobs);
  }

  /** A run whose process is gone. Its scan counts if it was recorded whole; else the run is owed still. */
  #recover(scheduled: ScheduledJob, { job, slot, scan }: JobRow, holder: string): void {
    const { store, clock, log } = this.#ports;
    const recorded = scan === undefined ? undefined : store.findScan(scan)?.row;
    const done = recorded !== undefined && !recorded.partial;
    const at = done ? recorded.finishedAt : iso(clock.now());
    store.jobs.end(this.fleet, job, holder, { at, ...(done && slot !== undefined ? { settledAt: slot } : {}) });
    const how = done ? 'after its scan was recorded; it is not made again' : 'before its scan was recorded';
    log('warn', `the process of the last run ended ${how}`, { job, slot, scan, holder });
    if (!done || scan === undefined || slot === undefined) return;
    const failed = (error: unknown) => log('error', 'its results were not written', { job, scan, ...whyOf(error) });
    this.#loaded.write(scheduled, Date.parse(slot), scan).catch(failed);
  }

  /** Up to when a job owes nothing; a clock that was far ahead must not keep it from running until it gets there again. */
  #settled(job: string): number {
    const { store, clock, log } = this.#ports;
    const now = clock.now();
    const row = store.jobs.list(this.fleet).find((one) => one.job === job);
    const settled = row ? Date.parse(row.settledAt) : now;
    if (settled <= now + ahead) return settled;
    log('warn', 'the clock was ahead; the job goes on from now', { job, settledAt: row?.settledAt });
    store.jobs.settle(this.fleet, job, iso(now));
    return now;
  }

  async #run(scheduled: Job, slot: number, signal: AbortSignal): Promise<Ended> {
    const { store, clock, log } = this.#ports;
    const { fleet } = this;
    const fields = { job: scheduled.name, slot: iso(slot) };
    const began = clock.now();
    let unlock = () => {};
    try {
      const job = this.#loaded.schedules.jobs.find(({ name }) => name === scheduled.name);
      if (!job) return { settled: false };
      const begin = { slot: iso(slot), holder: this.#holder, at: iso(began) };
      if (!store.jobs.begin(fleet, job.name, begin, this.#heart.alive)) {
        log('warn', 'another process has this run', fields);
        return { settled: false };
      }
      const onWait = (held: object) => log('info', 'waits for another scan of this fleet', { ...fields, ...held });
      const waitMs = Number.POSITIVE_INFINITY;
      unlock = await lockFleet({ store, fleet, job: job.name, clock, waitMs, signal, onWait });
      log('info', 'run begins', { ...fields, lateSeconds: seconds(began - dueAt(job, slot)) });
      const onScan = (id: string) => store.jobs.scanning(fleet, job.name, this.#holder, id);
      const { report, code } = await this.#loaded.scan(job, { slot, signal, onScan });
      const { partial } = report.scan;
      this.#end(scheduled.name, partial ? 'aborted' : 'done', { code, ...(partial ? {} : { slot }) });
      log(partial ? 'warn' : 'info', partial ? 'run aborted; its partial report is recorded' : 'run ended', {
        ...fields,
        ...told(report),
        ...{ exit: code, seconds: seconds(clock.now() - began) },
      });
      return { settled: !partial };
    } catch (error) {
      const aborted = signal.aborted;
      const code = error instanceof UserError ? exit.usage : exit.bug;
      log('error', aborted ? 'run aborted' : 'run failed', { ...fields, ...whyOf(error), exit: code });
      const ended = this.#try('the end of the run cannot be remembered', () => {
        this.#end(scheduled.name, aborted ? 'aborted' : 'failed', { code, ...(aborted ? {} : { slot }) });
        return { settled: !aborted };
      });
      return ended ?? { settled: false };
    } finally {
      this.#try('the lock stays', unlock);
    }
  }

  #try<T>(msg: string, act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.#ports.log('error', msg, whyOf(error));
      return undefined;
    }
  }

  #end(job: string, result: Result, { code, slot }: { code: number; slot?: number }): void {
    const { store, clock } = this.#ports;
    const counts = this.runs.get(job);
    if (counts) counts[result]++;
    const settled = slot === undefined ? {} : { settledAt: iso(slot) };
    store.jobs.end(this.fleet, job, this.#holder, { at: iso(clock.now()), exit: code, ...settled });
  }

  async #flush(): Promise<void> {
    const { clock, log } = this.#ports;
    const { signal } = this.#stopped;
    for (; !signal.aborted; await pause(clock, flushEvery, signal))
      await this.#loaded.flush().catch((error) => log('error', 'notifications were not delivered', whyOf(error)));
  }
}
