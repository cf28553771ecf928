import type { Clock } from '../core/schedule.ts';
import { dueAt, type Job, owed } from './owed.ts';

/** How a run ended. Where it was stopped, or another process has the slot, nothing is settled by it. */
export interface Ended {
  settled: boolean;
}

/** What a scheduler has done in the world. */
export interface SchedulerPorts {
  clock: Clock;
  /** Up to when a job owes nothing, milliseconds since the epoch. */
  settled(job: string): number;
  /** Remembers that a job owes nothing up to this slot. */
  settle(job: string, slot: number): void;
  /** Does the run of a job; never throws. */
  run(job: Job, slot: number, signal: AbortSignal): Promise<Ended>;
  /** Says what happened without a run. */
  say(event: Happened): void;
}

export type Happened =
  | { type: 'missed'; job: string; slot: number; count: number; run: boolean }
  | { type: 'queued'; job: string; due: number; behind: string }
  | { type: 'overlapped'; job: string; slot: number; count: number };

/** How a job stands. Times are milliseconds since the epoch. */
export interface Standing {
  job: string;
  state: 'waiting' | 'queued' | 'running';
  /** When its next run is due; undefined while it is queued or runs. */
  nextAt?: number;
  /** When the run that it is queued for was due. */
  dueAt?: number;
}

/** A run that could not begin or was not settled is tried again after this, milliseconds. */
const again = 60_000;
/** What was left out is settled; it is looked again after this, milliseconds. */
const soon = 1000;

/** Runs jobs at their times: one at a time, none beside itself, in the order in which they came due. */
export class Scheduler {
  #jobs: readonly Job[] = [];
  readonly #queue: { job: string; due: number }[] = [];
  readonly #ports: SchedulerPorts;
  readonly #retryAt = new Map<string, number>();
  #running: { job: string; stop: AbortController; ended: Promise<void> } | undefined;
  #cancel = () => {};
  #stopped = false;

  constructor(ports: SchedulerPorts) {
    this.#ports = ports;
  }

  /** Takes these jobs instead of those before. A run that has begun goes on. */
  use(jobs: readonly Job[]): void {
    this.#jobs = jobs;
    const names = new Set(jobs.map(({ name }) => name));
    for (let i = this.#queue.length - 1; i >= 0; i--)
      if (!names.has(this.#queue[i]?.job ?? '')) this.#queue.splice(i, 1);
    this.#tick();
  }

  /** Begins no more runs; one that runs has so long to end by itself before it is aborted. */
  async stop(grace: (aborted: AbortSignal) => Promise<void>): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    this.#queue.length = 0;
    const running = this.#running;
    if (!running) return;
    const over = new AbortController();
    await Promise.race([running.ended, grace(over.signal)]);
    over.abort();
    running.stop.abort();
    await running.ended;
  }

  /** Ends once nothing runs and nothing is queued. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running.ended;
  }

  standings(): Standing[] {
    const now = this.#ports.clock.now();
    return this.#jobs.map((job): Standing => {
      if (this.#running?.job === job.name) return { job: job.name, state: 'running' };
      const queued = this.#queue.find((one) => one.job === job.name);
      if (queued) return { job: job.name, state: 'queued', dueAt: queued.due };
      const what = owed(job, this.#ports.settled(job.name), now);
      return { job: job.name, state: 'waiting', nextAt: what.kind === 'wait' ? what.until : dueAt(job, what.slot) };
    });
  }

  /** Looks what is owed now, and sleeps until something may be. */
  #tick(): void {
    if (this.#stopped) return;
    this.#cancel();
    const now = this.#ports.clock.now();
    let wake = Number.POSITIVE_INFINITY;
    const fresh = new Set<string>();
    for (const job of this.#jobs) {
      const { name } = job;
      if (this.#running?.job === name || this.#queue.some((one) => one.job === name)) continue;
      const retry = this.#retryAt.get(name) ?? 0;
      if (retry > now && retry <= now + again) {
        wake = Math.min(wake, retry);
        continue;
      }
      const what = owed(job, this.#ports.settled(name), now);
      if (what.kind === 'wait') wake = Math.min(wake, what.until);
      else if (what.kind === 'leave') {
        this.#ports.say({ type: 'missed', job: name, slot: what.slot, count: what.missed + 1, run: false });
        this.#ports.settle(name, what.slot);
        wake = Math.min(wake, now + soon);
      } else {
        this.#queue.push({ job: name, due: dueAt(job, what.slot) });
        fresh.add(name);
      }
    }
    this.#queue.sort((a, b) => a.due - b.due);
    if (!this.#running) this.#begin();
    for (const { job, due } of this.#queue)
      if (this.#running && fresh.has(job)) this.#ports.say({ type: 'queued', job, due, behind: this.#running.job });
    if (wake < Number.POSITIVE_INFINITY) this.#cancel = this.#ports.clock.at(wake, () => this.#tick());
  }

  /** Begins the run that has waited longest. */
  #begin(): void {
    const { clock, settled, say, run } = this.#ports;
    for (let one = this.#queue.shift(); one; one = this.#queue.shift()) {
      const job = this.#jobs.find(({ name }) => name === one.job);
      // While it was queued more slots may have come: one run is for all of them.
      const what = job && owed({ ...job, catchUp: true }, settled(job.name), clock.now());
      if (!job || what?.kind !== 'run') continue;
      if (what.missed > 0) say({ type: 'missed', job: job.name, slot: what.slot, count: what.missed, run: true });
      const stop = new AbortController();
      const ended = run(job, what.slot, stop.signal).then((result) => this.#end(job, result));
      this.#running = { job: job.name, stop, ended };
      return;
    }
  }

  #end(job: Job, { settled }: Ended): void {
    const { clock, say } = this.#ports;
    this.#running = undefined;
    const now = clock.now();
    if (!settled) this.#retryAt.set(job.name, now + again);
    else {
      this.#retryAt.delete(job.name);
      // What came due while it ran is left out, as it would be by a timer of systemd.
      const what = owed(job, this.#ports.settled(job.name), now);
      if (what.kind !== 'wait') {
        say({ type: 'overlapped', job: job.name, slot: what.slot, count: what.missed + 1 });
        this.#ports.settle(job.name, what.slot);
      }
    }
    this.#tick();
  }
}
