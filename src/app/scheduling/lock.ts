import { UserError } from '../../core/errors.ts';
import type { Store } from '../../core/ports.ts';
import type { Clock, LockRow } from '../../core/schedule.ts';
import { thisHolder } from '../holder.ts';
import { beating } from './beating.ts';
import { pause } from './clock.ts';

/** Time between two tries, milliseconds. */
const between = 1000;

/** What is locked, and how. */
export interface Locking {
  store: Store;
  /** The fleet file by its one true path. */
  fleet: string;
  /** Name of the job, or empty. */
  job: string;
  clock: Clock;
  /** Longest wait for whoever has it, milliseconds. */
  waitMs: number;
  signal: AbortSignal;
  /** Told once, when there is somebody to wait for. */
  onWait?: (held: LockRow) => void;
}

/** Takes the lock of a fleet; gives what lets it go. @throws UserError that says who has it. */
export async function lockFleet(locking: Locking): Promise<() => void> {
  const { store, fleet, job, clock, waitMs, signal, onWait } = locking;
  const holder = thisHolder();
  const end = clock.now() + waitMs;
  const heart = beating(store.locks, holder);
  const letGo = () => {
    heart.stop();
    store.locks.release(fleet, holder);
  };
  for (let told = false; ; told = true) {
    const held = store.locks.take(fleet, { holder, since: new Date(clock.now()).toISOString(), job }, heart.alive);
    if (!held) return letGo;
    if (clock.now() >= end || signal.aborted) {
      heart.stop();
      throw new UserError(
        `${fleet} is being scanned already: by ${held.holder}, since ${held.since}${held.job ? `, job ${held.job}` : ''}`,
        'nothing was contacted; let it end (--wait SECONDS), or scan beside it (--no-lock)',
      );
    }
    if (!told) onWait?.(held);
    await pause(clock, between, signal);
  }
}
