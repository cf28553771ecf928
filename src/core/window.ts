/** Days as policies name them. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** A time that comes again: from a time of day to another, on some days, in a named time zone. */
export interface Window {
  /** Days on which it opens; undefined = every day. */
  days?: readonly Weekday[];
  /** `HH:MM`; where `to` is not after `from`, it closes on the next day. */
  from: string;
  to: string;
  /** IANA name, e.g. `Europe/Berlin` or `UTC`. */
  zone: string;
}

/** Is the window open at this time (milliseconds since the epoch)? A clock that is set back or forward counts as people read it. */
export function isOpen({ days, from, to, zone }: Window, now: number): boolean {
  const { day, minutes } = localTime(now, zone);
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  const opensOn = (weekday: Weekday): boolean => !days || days.includes(weekday);
  if (begin < end) return opensOn(day) && minutes >= begin && minutes < end;
  const before = weekdays[(weekdays.indexOf(day) + 6) % 7] ?? day;
  return (opensOn(day) && minutes >= begin) || (opensOn(before) && minutes < end);
}

/** Is it a time zone that this Node.js knows? */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

function localTime(now: number, timeZone: string): { day: Weekday; minutes: number } {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]));
  const day = (parts.get('weekday') ?? '').toLowerCase() as Weekday;
  return { day, minutes: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}
