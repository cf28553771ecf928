import type { Clock } from '../../core/schedule.ts';

/** Longest sleep, milliseconds: a clock that was set, or a machine that slept, is noticed after that. */
const nap = 30_000;

/** The clock of this machine. */
export const machineClock: Clock = {
  now: () => Date.now(),
  at(time, wake) {
    const timer = setTimeout(wake, Math.min(Math.max(time - Date.now(), 0), nap));
    return () => clearTimeout(timer);
  },
};

/** Waits so many milliseconds by a clock, or until the signal. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const end = clock.now() + ms;
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    let cancel = () => {};
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const look = () => {
      if (clock.now() >= end) done();
      else cancel = clock.at(end, look);
    };
    signal.addEventListener('abort', done, { once: true });
    look();
  });
}
