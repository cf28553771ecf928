import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mistakeOfCron, mistakeOfZone, shortestPause, timetable } from '../../src/schedule/timetable.ts';
import { crons } from './crons.ts';

const at = (text: string) => Date.parse(text);
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'];

describe('a timetable', () => {
  it('gives the latest slot that next would come to, wherever clocks are set', () => {
    fc.assert(
      fc.property(
        crons,
        fc.constantFrom(...zones),
        fc.integer({ min: at('2026-03-01T00:00Z'), max: at('2026-11-30T00:00Z') }),
        fc.integer({ min: 0, max: 400 * 3600_000 }),
        (cron, zone, after, length) => {
          const table = timetable(cron, zone);
          let last: number | undefined;
          for (
            let slot = table.next(after), n = 0;
            slot !== undefined && slot <= after + length;
            slot = table.next(slot)
          ) {
            last = slot;
            if (++n > 700) return; // too many to go through one by one
          }
          expect(table.latest(after, after + length)).toBe(last);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('runs at a fixed time once on the nights when clocks are set', () => {
    const { next } = timetable('30 2 * * *', 'Europe/Berlin');
    const from = (start: string) => {
      const found: string[] = [];
      for (let slot = next(at(start)); found.length < 3; slot = next(slot ?? 0))
        found.push(new Date(slot ?? 0).toISOString().slice(0, 16));
      return found;
    };
    // 02:30 does not exist on 29 March, and exists twice on 25 October.
    expect(from('2026-03-28T00:00Z')).toEqual(['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30']);
    expect(from('2026-10-24T00:00Z')).toEqual(['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30']);
  });

  it('knows its shortest pause', () => {
    expect(shortestPause(timetable('0,10 * * * *', 'UTC'), 0)).toBe(600_000);
  });
});

describe('mistakes', () => {
  it.each([
    ['61 * * * *', 'Invalid value for minute: 61'],
    ['* * * *', 'five'],
    ['* * * * * *', "requires exactly 5 parts, but pattern '* * * * * *' has 6"],
    ['every night', 'five'],
    ['0 0 31 2 *', 'never comes: there is no such day'],
    ['0 0 * * FRY', 'no cron expression of five fields'],
  ])('of %s', (cron, said) => expect(mistakeOfCron(cron)).toContain(said));

  it.each(['0 3 * * *', '@daily', '0 0 29 2 *', '0 9 * * MON-FRI'])('there are none in %s', (cron) =>
    expect(mistakeOfCron(cron)).toBeUndefined(),
  );

  it('of zones', () => {
    expect(mistakeOfZone('Mars/Olympus')).toContain('is no time zone');
    expect(mistakeOfZone('Europe/Berlin')).toBeUndefined();
  });
});
