import { Cron } from 'croner';
import { messageOf } from '../core/errors.ts';
import { isZone } from '../core/window.ts';

/** When a job is to run: its slots, milliseconds since the epoch. */
export interface Timetable {
  cron: string;
  zone: string;
  /** The first slot after this time; undefined when none comes any more. */
  next(after: number): number | undefined;
  /** The last slot after `after` and not after `until`. */
  latest(after: number, until: number): number | undefined;
}

/**
 * Reads a cron expression of five fields, or a nickname such as `@daily`. On the night when clocks are set forward, a run at one
 * fixed time that does not exist comes right after the gap; when they are set back, it comes once (croner).
 */
export function timetable(cron: string, zone: string): Timetable {
  const pattern = new Cron(cron, { timezone: zone, mode: '5-part', paused: true });
  const next = (after: number) => pattern.nextRun(new Date(after))?.getTime();
  return {
    ...{ cron, zone, next },
    latest(after, until) {
      // Looking back may pass over a slot where clocks are set; from there it is looked forward.
      const [back] = pattern.previousRuns(1, new Date(until + 1000));
      const from = back && back.getTime() <= until ? back.getTime() : undefined;
      let found = from !== undefined && from > after ? from : undefined;
      for (let slot = next(Math.max(after, from ?? after)); slot !== undefined && slot <= until; slot = next(slot))
        found = slot;
      return found;
    },
  };
}

/** Time zone in which nobody's clocks are set. */
const plain = 'UTC';

/** What is wrong with a cron expression, in words; undefined when it is good. */
export function mistakeOfCron(cron: string): string | undefined {
  try {
    const pattern = new Cron(cron, { timezone: plain, mode: '5-part', paused: true });
    return pattern.nextRun() === null ? 'never comes: there is no such day' : undefined;
  } catch (error) {
    const said = messageOf(error).replace(/^CronPattern: /, '');
    return `is no cron expression of five fields (minute hour day month weekday): ${said}`;
  }
}

/** What is wrong with the name of a time zone, in words. */
export function mistakeOfZone(zone: string): string | undefined {
  return isZone(zone) ? undefined : 'is no time zone; write Europe/Berlin or UTC';
}

/** Shortest time between two slots of the next hundred, milliseconds. */
export function shortestPause(table: Timetable, from: number): number {
  let shortest = Number.POSITIVE_INFINITY;
  let slot = table.next(from);
  for (let n = 0; n < 100 && slot !== undefined; n++) {
    const after = table.next(slot);
    if (after === undefined) break;
    shortest = Math.min(shortest, after - slot);
    slot = after;
  }
  return shortest;
}
