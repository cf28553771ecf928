import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/schedule/owed.ts';
import { type Ended, type Happened, Scheduler } from '../../src/schedule/scheduler.ts';
import { timetable } from '../../src/schedule/timetable.ts';
import { FakeClock } from './fake-clock.ts';

const iso = (time: number) => new Date(time).toISOString().slice(0, 16);

/** A scheduler in a world of its own, in which a run takes as long as it is told. */
class World {
  readonly clock: FakeClock;
  readonly runs: string[] = [];
  readonly said: Happened[] = [];
  readonly settled = new Map<string, number>();
  readonly scheduler: Scheduler;
  minutes: Record<string, number> = {};
  outcome: Ended = { settled: true };
  running = 0;
  most = 0;

  constructor(start: string, settled = start) {
    this.clock = new FakeClock(start);
    this.scheduler = new Scheduler({
      clock: this.clock,
      settled: (job) => this.settled.get(job) ?? Date.parse(settled),
      settle: (job, slot) => void this.settled.set(job, slot),
      say: (event) => void this.said.push(event),
      run: async (job, slot, signal) => {
        this.runs.push(`${job.name} ${iso(slot)}`);
        this.most = Math.max(this.most, ++this.running);
        const end = this.clock.now() + (this.minutes[job.name] ?? 0) * 60_000;
        // By the clock of this world, or when it is aborted.
        if (end > this.clock.now())
          await new Promise<void>((resolve) => {
            this.clock.at(end, resolve);
            signal.addEventListener('abort', () => resolve());
          });
        this.running--;
        if (this.outcome.settled && !signal.aborted) this.settled.set(job.name, slot);
        return { settled: this.outcome.settled && !signal.aborted };
      },
    });
  }

  /** Goes on to that time. Runs that take time are waited for by the clock, not by us. */
  drive(until: string): Promise<void> {
    return this.clock.drive(until, () => new Promise((resolve) => setImmediate(resolve)));
  }
}

const job = (name: string, cron: string, more: Partial<Job> = {}): Job => ({
  ...{ name, seed: '', timetable: timetable(cron, 'UTC'), jitterMs: 0, catchUp: true },
  ...more,
});

describe('a scheduler', () => {
  it('runs each job at its times', async () => {
    const world = new World('2026-05-01T00:30Z');
    world.scheduler.use([job('hourly', '0 * * * *'), job('nightly', '30 3 * * *')]);
    await world.drive('2026-05-01T04:00Z');
    expect(world.runs).toEqual([
      ...['hourly 2026-05-01T01:00', 'hourly 2026-05-01T02:00', 'hourly 2026-05-01T03:00'],
      ...['nightly 2026-05-01T03:30', 'hourly 2026-05-01T04:00'],
    ]);
    expect(world.said).toEqual([]);
  });

  it('runs one at a time, and says that another one waits', async () => {
    const world = new World('2026-05-01T02:30Z');
    world.minutes = { nightly: 20 };
    world.scheduler.use([job('nightly', '0 3 * * *'), job('hourly', '0 * * * *')]);
    await world.drive('2026-05-01T03:10Z');
    expect(world.runs).toEqual(['nightly 2026-05-01T03:00']);
    expect(world.scheduler.standings()).toMatchObject([
      { job: 'nightly', state: 'running' },
      { job: 'hourly', state: 'queued', dueAt: Date.parse('2026-05-01T03:00Z') },
    ]);
    await world.drive('2026-05-01T03:30Z');
    expect(world.runs).toEqual(['nightly 2026-05-01T03:00', 'hourly 2026-05-01T03:00']);
    expect(world.said).toEqual([
      { type: 'queued', job: 'hourly', due: Date.parse('2026-05-01T03:00Z'), behind: 'nightly' },
    ]);
    expect(world.most).toBe(1);
  });

  it('leaves out what comes due while the same job runs, and says so', async () => {
    const world = new World('2026-05-01T00:30Z');
    world.minutes = { hourly: 130 };
    world.scheduler.use([job('hourly', '0 * * * *')]);
    await world.drive('2026-05-01T04:30Z');
    expect(world.runs).toEqual(['hourly 2026-05-01T01:00', 'hourly 2026-05-01T04:00']);
    expect(world.said).toEqual([
      { type: 'overlapped', job: 'hourly', slot: Date.parse('2026-05-01T03:00Z'), count: 2 },
    ]);
  });

  it('makes one run for those that were missed, and says how many', async () => {
    const world = new World('2026-05-01T12:10Z', '2026-05-01T08:00Z');
    world.scheduler.use([job('hourly', '0 * * * *'), job('strict', '0 * * * *', { catchUp: false })]);
    await world.drive('2026-05-01T12:20Z');
    expect(world.runs).toEqual(['hourly 2026-05-01T12:00']);
    expect(world.said).toEqual([
      { type: 'missed', job: 'strict', slot: Date.parse('2026-05-01T12:00Z'), count: 4, run: false },
      { type: 'missed', job: 'hourly', slot: Date.parse('2026-05-01T12:00Z'), count: 3, run: true },
    ]);
  });

  it('does not run again what it ran, when the clock is set back', async () => {
    const world = new World('2026-05-01T00:30Z');
    world.scheduler.use([job('hourly', '0 * * * *')]);
    await world.drive('2026-05-01T02:05Z');
    world.clock.time = Date.parse('2026-05-01T01:50Z');
    await world.drive('2026-05-01T03:30Z');
    expect(world.runs.map((run) => run.slice(-5))).toEqual(['01:00', '02:00', '03:00']);
  });

  it('tries again a minute later what could not begin', async () => {
    const world = new World('2026-05-01T02:59Z');
    world.outcome = { settled: false };
    world.scheduler.use([job('nightly', '0 3 * * *')]);
    await world.drive('2026-05-01T03:02:30Z');
    expect(world.runs).toEqual(Array(3).fill('nightly 2026-05-01T03:00'));
    world.outcome = { settled: true };
    await world.drive('2026-05-01T06:00Z');
    expect(world.runs).toHaveLength(4);
  });

  it('takes other jobs: one that is gone is not begun, one that runs goes on', async () => {
    const world = new World('2026-05-01T02:30Z');
    world.minutes = { nightly: 20 };
    world.scheduler.use([job('nightly', '0 3 * * *'), job('hourly', '0 * * * *')]);
    await world.drive('2026-05-01T03:05Z');
    world.scheduler.use([job('nightly', '0 3 * * *'), job('late', '15 * * * *')]);
    await world.drive('2026-05-01T04:00Z');
    expect(world.runs).toEqual(['nightly 2026-05-01T03:00', 'late 2026-05-01T03:15']);
  });

  it('waits a grace when it is stopped, then aborts, and begins nothing more', async () => {
    const world = new World('2026-05-01T02:30Z');
    world.minutes = { nightly: 60 };
    world.scheduler.use([job('nightly', '0 3 * * *')]);
    await world.drive('2026-05-01T03:05Z');
    let over = () => {};
    const stopping = world.scheduler.stop(() => new Promise((resolve) => (over = resolve)));
    await world.drive('2026-05-01T03:10Z');
    expect(world.running).toBe(1);
    over();
    await stopping;
    expect(world.running).toBe(0);
    await world.drive('2026-05-02T12:00Z');
    expect(world.runs).toEqual(['nightly 2026-05-01T03:00']);
    expect(world.settled.size).toBe(0);
  });
});
