import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import { calendarOf } from '../../src/schedule/calendar.ts';
import { timetable } from '../../src/schedule/timetable.ts';
import { crons } from './crons.ts';
import { matches } from './on-calendar.ts';

describe('lines for OnCalendar=', () => {
  it.each([
    ['0 3 * * *', ['*-*-* 03:00:00 Europe/Berlin']],
    ['*/30 * * * *', ['*-*-* *:00,30:00 Europe/Berlin']],
    ['0 9-17 * * MON-FRI', ['Mon,Tue,Wed,Thu,Fri *-*-* 09..17:00:00 Europe/Berlin']],
    // cron joins them by "or", systemd by "and": two lines.
    ['0 0 13 * 5', ['*-*-13 00:00:00 Europe/Berlin', 'Fri *-*-* 00:00:00 Europe/Berlin']],
    ['0 0 13 * +5', ['Fri *-*-13 00:00:00 Europe/Berlin']],
    ['0 0 L * *', ['*-*~01 00:00:00 Europe/Berlin']],
    ['0 9 * * 5#2', ['Fri *-*-08..14 09:00:00 Europe/Berlin']],
    ['0 9 * * 5#L', ['Fri *-*~07/1 09:00:00 Europe/Berlin']],
    ['@monthly', ['*-*-01 00:00:00 Europe/Berlin']],
  ])('of %s', (cron, lines) => expect(calendarOf(cron, 'Europe/Berlin')).toEqual(lines));

  it('are refused where there are none', () => {
    expect(() => calendarOf('0 9 15W * *', 'UTC')).toThrow(UserError);
    expect(() => calendarOf('0 9 13 * +5#2', 'UTC')).toThrow('no OnCalendar=');
  });

  it("mean croner's own next runs", () => {
    fc.assert(
      fc.property(crons, fc.integer({ min: 0, max: 50_000 }), (cron, hours) => {
        const lines = calendarOf(cron, 'UTC');
        const { next } = timetable(cron, 'UTC');
        const start = Date.UTC(2026, 0, 1) + hours * 3600_000;
        const slots = new Set<number>();
        const end = start + 3 * 86_400_000;
        for (let slot = next(start); slot !== undefined && slot < end; slot = next(slot)) slots.add(slot);
        for (let time = start + 60_000; time < end; time += 60_000)
          if (lines.some((line) => matches(line, time)) !== slots.has(time))
            expect.fail(`${cron} at ${new Date(time).toISOString()}: ${lines.join(' | ')}`);
      }),
      { numRuns: 150 },
    );
  });
});
