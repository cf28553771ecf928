import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueAt, type Job, owed } from '../../src/schedule/owed.ts';
import { timetable } from '../../src/schedule/timetable.ts';
import { crons } from './crons.ts';

const at = (text: string) => Date.parse(text);
const job = (cron: string, more: Partial<Job> = {}): Job => ({
  ...{ name: 'nightly', seed: '/etc/fleet.yaml', timetable: timetable(cron, 'UTC'), jitterMs: 0, catchUp: true },
  ...more,
});

describe('what is owed', () => {
  it('nothing before the next slot', () => {
    expect(owed(job('0 3 * * *'), at('2026-05-01T03:00Z'), at('2026-05-01T12:00Z'))).toEqual({
      kind: 'wait',
      until: at('2026-05-02T03:00Z'),
    });
  });

  it('one run for all that were missed, for the latest of them', () => {
    expect(owed(job('0 * * * *'), at('2026-05-01T03:00Z'), at('2026-05-01T12:34Z'))).toEqual({
      ...{ kind: 'run', slot: at('2026-05-01T12:00Z'), missed: 8 },
    });
  });

  it('none of them where they are not caught up, unless it is just now', () => {
    const one = job('0 * * * *', { catchUp: false });
    expect(owed(one, at('2026-05-01T03:00Z'), at('2026-05-01T12:34Z')).kind).toBe('leave');
    expect(owed(one, at('2026-05-01T03:00Z'), at('2026-05-01T12:00:30Z')).kind).toBe('run');
  });

  it('a slot that waits for its jitter does not hide the one before', () => {
    const one = job('0 * * * *', { jitterMs: 3599_000 });
    const slot = at('2026-05-01T12:00Z');
    expect(dueAt(one, slot)).toBeGreaterThan(slot);
    expect(owed(one, at('2026-05-01T10:00Z'), slot)).toEqual({ kind: 'run', slot: at('2026-05-01T11:00Z'), missed: 0 });
    expect(owed(one, at('2026-05-01T11:00Z'), slot)).toEqual({ kind: 'wait', until: dueAt(one, slot) });
  });

  it('jitter is bounded, the same for a slot, and another for another scanner', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e13 }), fc.integer({ min: 0, max: 86_400_000 }), (slot, jitterMs) => {
        const one = job('0 3 * * *', { jitterMs });
        expect(dueAt(one, slot)).toBe(dueAt({ ...one }, slot));
        expect(dueAt(one, slot) - slot).toBeGreaterThanOrEqual(0);
        expect(dueAt(one, slot) - slot).toBeLessThanOrEqual(jitterMs);
      }),
    );
    const spread = new Set(['a', 'b', 'c', 'd'].map((seed) => dueAt(job('0 3 * * *', { seed, jitterMs: 600_000 }), 0)));
    expect(spread.size).toBeGreaterThan(1);
  });

  /** A process that looks now and then, with long absences: whatever it does, each slot is run for once or counted as missed once. */
  it('loses and doubles no slot, however often somebody looks', () => {
    fc.assert(
      fc.property(
        crons,
        fc.boolean(),
        fc.array(fc.integer({ min: 1000, max: 30 * 3600_000 }), { minLength: 1, maxLength: 20 }),
        (cron, catchUp, absences) => {
          const one = job(cron, { catchUp });
          const start = at('2026-05-01T00:00Z');
          let [settled, now] = [start, start];
          let accounted = 0;
          const slots = new Set<number>();
          for (const absence of absences) {
            now += absence;
            for (let what = owed(one, settled, now); what.kind !== 'wait'; what = owed(one, settled, now)) {
              expect(what.slot).toBeGreaterThan(settled);
              expect(what.slot).toBeLessThanOrEqual(now);
              expect(slots.has(what.slot)).toBe(false);
              slots.add(what.slot);
              accounted += 1 + what.missed;
              settled = what.slot;
            }
          }
          let all = 0;
          for (let slot = one.timetable.next(start); slot !== undefined && slot <= now; slot = one.timetable.next(slot))
            if (++all > 900) return; // missed slots are counted up to a thousand
          expect(accounted).toBe(all);
        },
      ),
      { numRuns: 200 },
    );
  });
});
