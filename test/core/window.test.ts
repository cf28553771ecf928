import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOpen, isZone, weekdays } from '../../src/core/window.ts';
import { standingOf } from '../../src/policy/standing.ts';

const at = (text: string) => Date.parse(text);

describe('a maintenance window', () => {
  it.each([
    ['2026-06-06T01:59:59Z', false],
    ['2026-06-06T02:00:00Z', true],
    ['2026-06-06T03:59:59Z', true],
    ['2026-06-06T04:00:00Z', false],
    ['2026-06-07T02:30:00Z', false],
  ])('on Saturdays from 2 to 4: %s', (time, open) => {
    expect(isOpen({ days: ['sat'], from: '02:00', to: '04:00', zone: 'UTC' }, at(time))).toBe(open);
  });

  it.each([
    ['2026-06-05T21:59:00Z', false],
    ['2026-06-05T22:00:00Z', true],
    ['2026-06-06T01:59:00Z', true],
    ['2026-06-06T02:00:00Z', false],
    ['2026-06-06T22:30:00Z', false],
  ])('over midnight belongs to the day on which it opens: %s', (time, open) => {
    expect(isOpen({ days: ['fri'], from: '22:00', to: '02:00', zone: 'UTC' }, at(time))).toBe(open);
  });

  it('is read on the clock of its zone, summer and winter', () => {
    const window = { from: '02:00', to: '03:00', zone: 'Europe/Berlin' } as const;
    expect(isOpen(window, at('2026-01-10T01:30:00Z'))).toBe(true);
    expect(isOpen(window, at('2026-07-10T01:30:00Z'))).toBe(false);
    expect(isOpen(window, at('2026-07-10T00:30:00Z'))).toBe(true);
    expect(isZone('Europe/Berlin')).toBe(true);
    expect(isZone('Mars/Olympus')).toBe(false);
  });

  it('and its complement are never open at once, and one of them always is', () => {
    const time = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
    fc.assert(
      fc.property(time, time, fc.integer({ min: 0, max: 4e12 }), (from, to, now) => {
        fc.pre(from !== to);
        expect(isOpen({ from, to, zone: 'UTC' }, now)).toBe(!isOpen({ from: to, to: from, zone: 'UTC' }, now));
        const days = weekdays.filter((day) => isOpen({ days: [day], from, to, zone: 'UTC' }, now));
        expect(days.length).toBe(isOpen({ from, to, zone: 'UTC' }, now) ? 1 : 0);
      }),
    );
  });
});

it.each([
  ['active', {}],
  ['expiring', { expires: '2026-06-14T00:00:00Z' }],
  ['expired', { expires: '2026-06-01T00:00:00Z' }],
  ['expired', { expires: 'never' }],
  ['pending', { starts: '2026-06-02T00:00:00Z' }],
])('a waiver is %s (%#)', (state, rest) => {
  expect(standingOf({ expires: '2026-12-31T00:00:00Z', ...rest }, at('2026-06-01T00:00:00Z'))).toBe(state);
});
