import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Store } from '../../src/core/ports.ts';
import { stores } from '../../src/store/registry.ts';
import { day, instance, scan, scratch } from './make.ts';

const alive = () => true;
const dead = () => false;

describe.each(Object.entries(stores))('%s', (_name, load) => {
  let store: Store;
  beforeEach(async () => {
    store = (await load()).open(await scratch());
    onTestFinished(() => store.close());
  });

  describe('jobs', () => {
    const run = (slot: string, holder = 'me') => ({ slot, holder, at: slot });
    beforeEach(() => void store.jobs.know('F', 'nightly', '0 3 * * * UTC', day(0)));

    it('owe nothing from before they were known, nor once their timetable is another', () => {
      expect(store.jobs.list('F')).toEqual([{ job: 'nightly', settledAt: day(0), state: 'waiting' }]);
      expect(store.jobs.know('F', 'nightly', '0 3 * * * UTC', day(5)).settledAt).toBe(day(0));
      expect(store.jobs.know('F', 'nightly', '0 4 * * * UTC', day(5)).settledAt).toBe(day(5));
      expect(store.jobs.list('other fleet')).toEqual([]);
    });

    it('begin a run once, and end it', () => {
      expect(store.jobs.begin('F', 'nightly', run(day(1)), alive)).toBe(true);
      expect(store.jobs.begin('F', 'nightly', run(day(1), 'other'), alive)).toBe(false);
      store.jobs.scanning('F', 'nightly', 'me', 'scan-1');
      store.jobs.scanning('F', 'nightly', 'other', 'scan-2');
      expect(store.jobs.list('F')).toMatchObject([{ state: 'running', holder: 'me', scan: 'scan-1', slot: day(1) }]);
      store.jobs.end('F', 'nightly', 'other', { at: day(2), exit: 2, settledAt: day(1) });
      store.jobs.end('F', 'nightly', 'me', { at: day(2), exit: 1, settledAt: day(1) });
      expect(store.jobs.list('F')).toEqual([
        {
          ...{ job: 'nightly', settledAt: day(1), state: 'waiting', slot: day(1) },
          ...{ startedAt: day(1), finishedAt: day(2), scan: 'scan-1', exit: 1 },
        },
      ]);
      expect(store.jobs.begin('F', 'nightly', run(day(1)), dead)).toBe(false);
    });

    it('whose process died, or whose run was stopped, owe it still', () => {
      store.jobs.begin('F', 'nightly', run(day(1)), alive);
      expect(store.jobs.begin('F', 'nightly', run(day(1), 'next'), dead)).toBe(true);
      store.jobs.end('F', 'nightly', 'next', { at: day(2), exit: 130 });
      expect(store.jobs.list('F')[0]?.settledAt).toBe(day(0));
      expect(store.jobs.begin('F', 'nightly', run(day(1)), alive)).toBe(true);
    });
  });

  it('locks: one has it, until it lets go or dies', () => {
    const by = (holder: string, job = '') => ({ holder, since: day(1), job });
    expect(store.locks.take('F', by('one', 'nightly'), alive)).toBeUndefined();
    expect(store.locks.take('F', by('two'), alive)).toEqual(by('one', 'nightly'));
    expect(store.locks.take('G', by('two'), alive)).toBeUndefined();
    store.locks.release('F', 'two');
    expect(store.locks.take('F', by('two'), alive)).toEqual(by('one', 'nightly'));
    expect(store.locks.take('F', by('two'), dead)).toBeUndefined();
    store.locks.release('F', 'one');
    expect(store.locks.take('F', by('one'), alive)).toEqual(by('two'));
    store.locks.release('F', 'two');
    expect(store.locks.take('F', by('one'), alive)).toBeUndefined();
  });

  /** Five days; the finding `gone` is seen on the first two. */
  function fiveDays(): void {
    for (let n = 0; n < 5; n++)
      store.addScan(scan(`s${n}`, day(n)), '{}', [
        instance('a', n < 2 ? ['stays', 'gone'] : ['stays'], { group: 'web' }),
        instance('b', [], { group: 'db', image: 'db:1', verdict: 'clean' }),
      ]);
  }

  describe('prune', () => {
    beforeEach(fiveDays);

    it('keeps the newest, and what is live or was resolved within them', () => {
      expect(store.prune({ keep: 4 }, false)).toEqual({ scans: 1, reports: 2, findings: 0, notifications: 0 });
      expect(store.prune({ keep: 2 }, false)).toEqual({ scans: 2, reports: 4, findings: 1, notifications: 0 });
      expect(store.listScans(10).map(({ id }) => id)).toEqual(['s4', 's3']);
      expect(store.listFindings('a')).toMatchObject([{ id: 'stays', firstSeenAt: day(0) }]);
      expect(store.listLooks('a', 10)).toHaveLength(2);
      expect([...store.trend({ since: day(0) })]).toHaveLength(4);
    });

    it('forgets by age, but never the newest scan', () => {
      expect(store.prune({ before: day(3) }, false).scans).toBe(3);
      expect(store.prune({ before: day(300) }, false).scans).toBe(1);
      expect(store.prune({ before: day(300) }, false).scans).toBe(0);
      expect(store.prune({ keep: 0 }, false).scans).toBe(0);
      expect(store.findScan('last')?.row.id).toBe('s4');
    });

    it('only counts when it is dry', () => {
      const would = store.prune({ keep: 2 }, true);
      expect(would).toEqual({ scans: 3, reports: 6, findings: 1, notifications: 0 });
      expect(store.listScans(10)).toHaveLength(5);
      expect(store.prune({ keep: 2 }, false)).toEqual(would);
    });

    it('forgets notifications that were delivered before, and no others', () => {
      store.addScan(scan('s5', day(5)), '{}', [], () => ({
        ...{ fleet: 'F', states: [] },
        messages: () => ['one', 'two'].map((key) => ({ key, sink: key, payload: '{}' })),
      }));
      const [now, later] = [new Date().toISOString(), '2099-01-01T00:00:00.000Z'];
      const one = store.outbox.claim('F', 'one', 'me', now, later);
      store.outbox.sent(one?.row ?? 0, 'me', day(1));
      expect(store.prune({ keep: 1 }, false).notifications).toBe(1);
      expect(store.outbox.status()).toMatchObject([{ sink: 'two', waiting: 1 }]);
    });
  });

  it('trend: what each scan saw, image by image and group by group; interrupted ones tell nothing', () => {
    fiveDays();
    store.addScan(scan('cut', day(9), { partial: true }), '{}', [instance('a', ['x'])]);
    const all = [...store.trend({ since: day(3) })];
    expect(all).toEqual(
      [3, 4].flatMap((n) => [
        { ...{ scan: `s${n}`, startedAt: day(n), image: 'db:1', group: 'db' }, verdicts: { clean: 1 }, findings: {} },
        {
          ...{ scan: `s${n}`, startedAt: day(n), image: 'web:1', group: 'web' },
          verdicts: { drifted: 1 },
          findings: { high: 1 },
        },
      ]),
    );
    expect([...store.trend({ since: day(0), group: 'web' })].map(({ findings }) => findings)).toEqual([
      { high: 2 },
      { high: 2 },
      { high: 1 },
      { high: 1 },
      { high: 1 },
    ]);
    expect([...store.trend({ since: day(0), image: 'none' })]).toEqual([]);
  });

  it('can be written', () => expect(() => store.probe()).not.toThrow());
});
