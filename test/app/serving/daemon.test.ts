import { expect, it, onTestFinished } from 'vitest';
import { thisHolder } from '../../../src/app/holder.ts';
import type { ScheduledJob } from '../../../src/app/scheduling/setup.ts';
import { Daemon, type Loaded, type Run } from '../../../src/app/serving/daemon.ts';
import { jsonLog } from '../../../src/app/serving/log.ts';
import { ownMetrics } from '../../../src/app/serving/metrics.ts';
import { UserError } from '../../../src/core/errors.ts';
import type { ExitCode } from '../../../src/core/exit.ts';
import type { Store } from '../../../src/core/ports.ts';
import type { ReportView } from '../../../src/core/report.ts';
import { timetable } from '../../../src/schedule/timetable.ts';
import { sqlite } from '../../../src/store/sqlite/store.ts';
import { FakeClock } from '../../schedule/fake-clock.ts';
import { scan as scanRow, scratch } from '../../store/make.ts';

const fleet = '/etc/snowfence/fleet.yaml';
/** A process that is gone. */
const gone = thisHolder().replace(/started \d+/, 'started 1');

interface World {
  store: Store;
  clock: FakeClock;
  lines: Record<string, unknown>[];
  slots: string[];
  written: string[];
  daemon: Daemon;
  drive(until: string): Promise<void>;
}

/** A daemon with one hourly job, whose scans are recorded as `scan` records them. */
async function world(
  start: string,
  { before = () => {}, scan = () => {} }: { before?: (store: Store) => void; scan?: (run: Run) => void } = {},
): Promise<World> {
  const store = sqlite.open(await scratch());
  onTestFinished(() => store.close());
  before(store);
  const clock = new FakeClock(start);
  const lines: World['lines'] = [];
  const slots: string[] = [];
  const written: string[] = [];
  const job: ScheduledJob = {
    ...{ name: 'hourly', seed: '', timetable: timetable('0 * * * *', 'UTC'), jitterMs: 0, catchUp: true },
    config: { cron: '0 * * * *' },
  };
  const loaded: Loaded = {
    schedules: { fleet, jobs: [job] },
    flush: async () => {},
    write: async (_, slot, scan) => void written.push(`${scan} ${new Date(slot).toISOString().slice(11, 16)}`),
    async scan(_, run) {
      const id = `scan-${slots.length}`;
      run.onScan(id);
      slots.push(new Date(run.slot).toISOString().slice(11, 16));
      scan(run);
      store.addScan(scanRow(id, new Date(clock.now()).toISOString()), '{}', []);
      const report = {
        scan: { id, partial: false },
        summary: { instances: {}, findings: { info: 0, low: 2, medium: 0, high: 1, critical: 0 } },
        ...{ instances: [], fleet: [{ image: 'web:1' }] },
      } as unknown as ReportView;
      return { report, code: 1 as ExitCode };
    },
  };
  const log = jsonLog((line) => lines.push(JSON.parse(line) as Record<string, unknown>), clock, { version: '1' });
  const daemon = await Daemon.open({ store, clock, log, load: async () => loaded });
  daemon.begin();
  const idle = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    await daemon.idle();
  };
  return { store, clock, lines, slots, written, daemon, drive: (until) => clock.drive(until, idle) };
}

const running = (store: Store, scan?: string) => {
  store.jobs.know(fleet, 'hourly', '0 * * * * UTC', '2026-05-01T00:00:00.000Z');
  store.jobs.begin(
    fleet,
    'hourly',
    { slot: '2026-05-01T03:00:00.000Z', holder: gone, at: '2026-05-01T03:00:00.000Z' },
    () => true,
  );
  if (scan !== undefined) store.jobs.scanning(fleet, 'hourly', gone, scan);
};

it('tells of a run what it came to', async () => {
  const { drive, lines, daemon } = await world('2026-05-01T03:30:00Z');
  await drive('2026-05-01T04:30:00Z');
  expect(lines.find(({ msg }) => msg === 'run ended')).toEqual({
    ...{
      time: '2026-05-01T04:00:00.000Z',
      level: 'info',
      msg: 'run ended',
      job: 'hourly',
      slot: '2026-05-01T04:00:00.000Z',
    },
    ...{
      scan: 'scan-0',
      instances: 0,
      findings: 3,
      worst: 'high',
      images: ['web:1'],
      verdicts: {},
      exit: 1,
      seconds: 0,
      version: '1',
    },
  });
  expect(daemon.runs.get('hourly')).toEqual({ done: 1, failed: 0, aborted: 0 });
  expect(daemon.rows()).toMatchObject([{ state: 'waiting', exit: 1, scan: 'scan-0' }]);
});

it('makes a run again whose process was killed before its scan was recorded', async () => {
  const { drive, slots, lines } = await world('2026-05-01T03:10:00Z', { before: (store) => running(store, 'lost') });
  await drive('2026-05-01T03:20:00Z');
  expect(slots).toEqual(['03:00']);
  expect(lines[0]?.['msg']).toContain('before its scan was recorded');
});

it('does not make it again when its scan was recorded, unless that is a part only', async () => {
  const recorded = (partial: boolean) => (store: Store) => {
    running(store, 'whole');
    store.addScan(scanRow('whole', '2026-05-01T03:00:01.000Z', { partial }), '{}', []);
  };
  const whole = await world('2026-05-01T03:10:00Z', { before: recorded(false) });
  await whole.drive('2026-05-01T04:20:00Z');
  expect(whole.slots).toEqual(['04:00']);
  // What it could not write any more is written now.
  expect(whole.written).toEqual(['whole 03:00']);
  const part = await world('2026-05-01T03:10:00Z', { before: recorded(true) });
  await part.drive('2026-05-01T04:20:00Z');
  expect(part.slots).toEqual(['03:00', '04:00']);
  expect(part.written).toEqual([]);
});

it('a run that fails is told, counted and not made again before its next time', async () => {
  const scan = () => {
    throw new UserError('no such \u001b[31mfile', 'make it');
  };
  const { drive, slots, lines, daemon, store } = await world('2026-05-01T03:30:00Z', { scan });
  await drive('2026-05-01T05:30:00Z');
  expect(slots).toEqual(['04:00', '05:00']);
  expect(lines.find(({ level }) => level === 'error')).toMatchObject({
    ...{ msg: 'run failed', job: 'hourly', why: 'no such \\x1b[31mfile', hint: 'make it', exit: 2 },
  });
  expect(daemon.runs.get('hourly')?.failed).toBe(2);
  expect(store.locks.take(fleet, { holder: 'other', since: '', job: '' }, () => true)).toBeUndefined();
});

it('goes on when the clock was far ahead', async () => {
  const before = (store: Store) => void store.jobs.know(fleet, 'hourly', '0 * * * * UTC', '2031-01-01T00:00:00.000Z');
  const { drive, slots, lines } = await world('2026-05-01T03:30:00Z', { before });
  await drive('2026-05-01T05:30:00Z');
  expect(slots).toEqual(['04:00', '05:00']);
  expect(lines.filter(({ msg }) => msg === 'the clock was ahead; the job goes on from now')).toHaveLength(1);
});

it('waits for somebody else who scans the fleet', async () => {
  const before = (store: Store) =>
    void store.locks.take(fleet, { holder: `process 1 (started ) on elsewhere`, since: 'then', job: 'x' }, () => true);
  const { clock, slots, lines, store, daemon } = await world('2026-05-01T03:59:59Z', { before });
  const step = () => new Promise<void>((resolve) => setImmediate(resolve));
  await clock.drive('2026-05-01T04:05:00Z', step);
  expect([slots, daemon.standings()]).toEqual([[], [{ job: 'hourly', state: 'running' }]]);
  expect(lines.filter(({ msg }) => msg === 'waits for another scan of this fleet')).toMatchObject([
    { job: 'x', since: 'then' },
  ]);
  store.locks.release(fleet, 'process 1 (started ) on elsewhere');
  await clock.drive('2026-05-01T04:05:02Z', step);
  await daemon.idle();
  expect(slots).toEqual(['04:00']);
});

it('lives on when the store does not', async () => {
  const { drive, store, lines, slots } = await world('2026-05-01T03:30:00Z');
  await drive('2026-05-01T04:30:00Z');
  store.close();
  await drive('2026-05-01T06:30:00Z');
  expect(slots).toEqual(['04:00']);
  expect(lines.filter(({ level }) => level === 'error').length).toBeGreaterThan(0);
});

it('metrics hold no name unescaped', () => {
  const text = ownMetrics({
    ...{ startedAt: 0, version: '1', commit: 'a"b\\c\nd', configGood: false, rows: [], runs: new Map() },
    standings: [{ job: 'x', state: 'waiting', nextAt: 5000 }],
    waiting: [{ sink: 'log', waiting: 2, dead: 1 }],
  });
  expect(text).toContain('snowfence_serve_info{version="1",commit="a\\"b\\\\c\\\\x0ad"} 1\n');
  expect(text).toContain('snowfence_serve_next_run_timestamp_seconds{job="x"} 5\n');
  expect(text).toContain('snowfence_serve_notifications_waiting{sink="log"} 2\n');
  expect(text).not.toContain('runs_total');
});
