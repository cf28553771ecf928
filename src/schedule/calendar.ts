import { CronPattern } from 'croner';
import { UserError } from '../core/errors.ts';

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
/** Bits of a weekday in croner: the first to the fifth of a month, and the last. */
const every = 0b111111;
const weeks = [1, 2, 3, 4, 5] as const;
const last = 0b100000;

/**
 * A cron expression as lines for `OnCalendar=` of a timer (systemd.time(7)), which together mean the same: cron joins day of month
 * and weekday by "or", systemd by "and". @throws UserError for what no such line can say.
 */
export function calendarOf(cron: string, zone: string): string[] {
  const p = new CronPattern(cron, zone, { mode: '5-part' });
  if (p.nearestWeekdays.some((n) => n > 0) || p.lastWeekday)
    throw new UserError(
      `no OnCalendar= of systemd says "${cron}": it has no nearest weekday (W)`,
      'name the days, or let "snowfence serve" run this job',
    );
  const months = list(numbers(p.month, 1), 12, 1);
  const time = `${list(numbers(p.hour), 24)}:${list(numbers(p.minute), 60)}:00 ${zone}`;
  const monthDays = [
    ...(p.day.some(Boolean) ? [list(numbers(p.day, 1), 31, 1)] : []),
    ...(p.lastDayOfMonth ? ['~01'] : []),
  ];
  const ofMonth = (day: string) => `*-${months}${day.startsWith('~') ? day : `-${day}`}`;
  const byDay = monthDays.map((day) => `${ofMonth(day)} ${time}`);
  const byWeekday = weekdayLines(p.dayOfWeek, (names, day) => `${names}${ofMonth(day)} ${time}`);
  if (p.starDOM && p.starDOW) return [`*-${months}-* ${time}`];
  if (p.starDOM) return byWeekday;
  if (p.starDOW) return byDay;
  if (!p.useAndLogic) return [...byDay, ...byWeekday];
  return monthDays.flatMap((day) => {
    const plain = p.dayOfWeek.every((bits) => bits === 0 || bits === every);
    if (!plain) throw new UserError(`no OnCalendar= of systemd says "${cron}"`, 'let "snowfence serve" run this job');
    return weekdayLines(p.dayOfWeek, (names) => `${names}${ofMonth(day)} ${time}`);
  });
}

/** Lines for weekdays: one for those of every week, one for each first, second... of a month. */
function weekdayLines(bits: readonly number[], line: (names: string, day: string) => string): string[] {
  const names = (has: (of: number) => boolean) => days.filter((_, i) => has(bits[i] ?? 0)).join(',');
  const weekly = names((of) => of === every);
  const nth = weeks.flatMap((n) => {
    const found = names((of) => of !== every && (of & (1 << (n - 1))) !== 0);
    const [from, to] = [7 * n - 6, Math.min(31, 7 * n)];
    return found ? [line(`${found} `, `${two(from)}..${two(to)}`)] : [];
  });
  const lasts = names((of) => of !== every && (of & last) !== 0);
  return [...(weekly ? [line(`${weekly} `, '*')] : []), ...nth, ...(lasts ? [line(`${lasts} `, '~07/1')] : [])];
}

const two = (n: number) => String(n).padStart(2, '0');

/** Numbers that are set; croner counts days and months from 0. */
function numbers(set: readonly number[], first = 0): number[] {
  return set.flatMap((on, i) => (on ? [i + first] : []));
}

/** `*`, or numbers with runs of them as ranges. */
function list(values: readonly number[], all: number, first = 0): string {
  if (values.filter((n) => n >= first && n < first + all).length === all) return '*';
  const parts: string[] = [];
  for (let i = 0; i < values.length; ) {
    let end = i;
    while (values[end + 1] === (values[end] ?? 0) + 1) end++;
    const [from, to] = [values[i] ?? 0, values[end] ?? 0];
    parts.push(
      end - i >= 2
        ? `${two(from)}..${two(to)}`
        : values
            .slice(i, end + 1)
            .map(two)
            .join(','),
    );
    i = end + 1;
  }
  return parts.join(',');
}
