import type { Clock } from '../../src/core/schedule.ts';

/** A clock that stands still until it is driven: it jumps from one wake to the next. */
export class FakeClock implements Clock {
  time: number;
  #timers: { time: number; wake: () => void }[] = [];

  constructor(start: string | number) {
    this.time = typeof start === 'number' ? start : Date.parse(start);
  }

  now(): number {
    return this.time;
  }

  at(time: number, wake: () => void): () => void {
    const timer = { time, wake };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Goes to a time; at each wake on the way it waits until everybody is done. */
  async drive(until: string | number, idle: () => Promise<unknown>): Promise<void> {
    const end = typeof until === 'number' ? until : Date.parse(until);
    for (;;) {
      await idle();
      const next = this.#timers.toSorted((a, b) => a.time - b.time)[0];
      if (!next || next.time > end) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.time = Math.max(this.time, next.time);
      next.wake();
    }
    this.time = Math.max(this.time, end);
    await idle();
  }
}
