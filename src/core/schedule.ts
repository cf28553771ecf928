import type { Severity, Verdict } from './finding.ts';

/** The time, and waking at a time: what a scheduler needs of the world, so that a test can jump through a day. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Wakes at this time, or earlier: a clock may be set. Gives what calls it off. */
  at(time: number, wake: () => void): () => void;
}

/** What a store knows of a job of a fleet file. All times RFC 3339 UTC. */
export interface JobRow {
  job: string;
  /** Up to when no run is owed: the slot of the last run that ended, or when the job became known. */
  settledAt: string;
  /** `running` outlives a process that was killed. */
  state: 'waiting' | 'running';
  /** The time of the timetable that the last run was for. */
  slot?: string;
  startedAt?: string;
  finishedAt?: string;
  /** Id of its scan, known before the scan is recorded. */
  scan?: string;
  /** Exit code that `scan` would have ended with. */
  exit?: number;
  holder?: string;
}

/** What is remembered of jobs; every call is durable when it returns. `fleet` is the one true path of the fleet file. */
export interface JobBook {
  /** Makes a job known: it owes nothing from before `at`, nor does one whose timetable is another now. */
  know(fleet: string, job: string, timetable: string, at: string): JobRow;
  /** Its run for a slot begins; false where another process that lives runs it, or it was settled meanwhile. */
  begin(fleet: string, job: string, run: { slot: string; holder: string; at: string }, alive: Alive): boolean;
  /** Which scan the run is making. */
  scanning(fleet: string, job: string, holder: string, scan: string): void;
  /** It ended; without `settledAt` its run is owed still. */
  end(fleet: string, job: string, holder: string, ended: { at: string; exit?: number; settledAt?: string }): void;
  /** Nothing is owed up to then any more. */
  settle(fleet: string, job: string, at: string): void;
  list(fleet: string): JobRow[];
}

/** Does the process of this name still live? */
export type Alive = (holder: string) => boolean;

/** Who scans a fleet now. */
export interface LockRow {
  holder: string;
  /** RFC 3339 UTC. */
  since: string;
  /** Name of the job, or empty. */
  job: string;
}

/** Locks of fleets: one scan at a time. What a dead process held is free. */
export interface Locks {
  /** Takes the lock, or says who has it. */
  take(fleet: string, by: LockRow, alive: Alive): LockRow | undefined;
  /** Lets it go; nothing happens where somebody else has it. */
  release(fleet: string, holder: string): void;
  /** A holder says that it lives. */
  beat(holder: string, at: string): void;
  /** When it last said so; undefined = never, or long ago. */
  lastBeat(holder: string): string | undefined;
}

/** Which scans are to be forgotten: all but the newest `keep`, or those that began before `before` (RFC 3339 UTC). */
export type PruneAsk = { keep: number } | { before: string };

/** How much was forgotten. */
export interface Pruned {
  scans: number;
  /** Reports of instances. */
  reports: number;
  /** Findings that were resolved before the oldest scan that is kept. */
  findings: number;
  /** Notifications that were delivered before it. */
  notifications: number;
}

/** What one scan saw of the instances of one image in one group. */
export interface TrendRow {
  scan: string;
  /** RFC 3339 UTC. */
  startedAt: string;
  image: string;
  group: string;
  verdicts: Partial<Record<Verdict, number>>;
  /** Live findings. */
  findings: Partial<Record<Severity, number>>;
}

export interface TrendAsk {
  /** RFC 3339 UTC. */
  since: string;
  image?: string;
  group?: string;
}
