import type { Alive, Locks } from '../../core/schedule.ts';
import { isAlive, isElsewhere } from '../holder.ts';

/** Between two beats, and how old the last one of a process that lives may be, milliseconds. */
const every = 30_000;
const oldest = 300_000;

/**
 * Says from time to time that this process lives, and tells who else does: one of this machine by looking, one of another (a container
 * that came back under another name, a second scanner) by its last beat. One that never beat is taken to live.
 */
export function beating(locks: Pick<Locks, 'beat' | 'lastBeat'>, holder: string): { alive: Alive; stop(): void } {
  const beat = () => {
    try {
      locks.beat(holder, new Date().toISOString());
    } catch {
      // A store that fails for a while: the next beat comes, and many may be missed.
    }
  };
  beat();
  const timer = setInterval(beat, every);
  timer.unref();
  return {
    alive(other) {
      if (!isElsewhere(other)) return isAlive(other);
      const last = locks.lastBeat(other);
      return last === undefined || Date.now() - Date.parse(last) < oldest;
    },
    stop: () => clearInterval(timer),
  };
}
