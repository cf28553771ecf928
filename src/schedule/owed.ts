import type { Timetable } from './timetable.ts';

/** A job as the scheduler knows it. */
export interface Job {
  name: string;
  /** Spreads the jitter: two scanners with the same job begin at different times. */
  seed: string;
  timetable: Timetable;
  /** Most that a run begins later than its slot, milliseconds. */
  jitterMs: number;
  /** Is one run made for those that were missed? */
  catchUp: boolean;
}

/** What is to be done about a job. `missed`: earlier slots that nobody ran for. */
export type Owed =
  | { kind: 'wait'; until: number }
  | { kind: 'run'; slot: number; missed: number }
  | { kind: 'leave'; slot: number; missed: number };

/** A run that begins so much later than it was due was missed, milliseconds: the process was not there, or asleep. */
const late = 60_000;
/** Missed slots that are counted one by one. */
const counted = 1000;
/** Where a timetable has come to its end: looked at again after a day. */
const day = 86_400_000;

/** When the run for a slot is due: some of the jitter later, always the same for the same slot. */
export function dueAt({ name, seed, jitterMs }: Job, slot: number): number {
  return jitterMs === 0 ? slot : slot + (hash(`${seed}\0${name}\0${slot}`) % (jitterMs + 1));
}

/** What a job owes now, when nothing is owed up to `settled`. Pure. */
export function owed(job: Job, settled: number, now: number): Owed {
  const { timetable } = job;
  let slot = timetable.latest(settled, now);
  // A slot that waits for its jitter hides the one before it, which is due: jitter is less than the time between two.
  let waiting: number | undefined;
  if (slot !== undefined && dueAt(job, slot) > now) {
    waiting = slot;
    slot = timetable.latest(settled, slot - 1);
  }
  if (slot === undefined) {
    const next = waiting ?? timetable.next(Math.max(settled, now));
    return { kind: 'wait', until: next === undefined ? now + day : dueAt(job, next) };
  }
  const missed = countBetween(timetable, settled, slot);
  return { kind: job.catchUp || now <= dueAt(job, slot) + late ? 'run' : 'leave', slot, missed };
}

function countBetween(timetable: Timetable, after: number, before: number): number {
  let n = 0;
  for (let at = timetable.next(after); at !== undefined && at < before && n < counted; at = timetable.next(at)) n++;
  return n;
}

/** FNV-1a, 32 bits: spreads, and is the same in every process. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
