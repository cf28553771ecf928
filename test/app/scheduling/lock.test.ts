import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { thisHolder } from '../../../src/app/holder.ts';
import { type Locking, lockFleet } from '../../../src/app/scheduling/lock.ts';
import type { Store } from '../../../src/core/ports.ts';
import { sqlite } from '../../../src/store/sqlite/store.ts';
import { FakeClock } from '../../schedule/fake-clock.ts';
import { scratch } from '../../store/make.ts';

const other = { holder: 'process 1 (started 2) on another machine', since: 'then', job: 'nightly' };
let store: Store;
beforeEach(async () => {
  store = sqlite.open(await scratch());
  onTestFinished(() => store.close());
});

const step = () => new Promise<void>((resolve) => setImmediate(resolve));
const locking = (clock: FakeClock, more: Partial<Locking> = {}): Locking => ({
  ...{ store, fleet: 'F', job: '', clock, waitMs: 0, signal: new AbortController().signal, ...more },
});

it('is refused with the name of who has it, at once or when the wait is over', async () => {
  store.locks.take('F', other, () => true);
  const clock = new FakeClock(0);
  const said = 'F is being scanned already: by process 1 (started 2) on another machine, since then, job nightly';
  await expect(lockFleet(locking(clock))).rejects.toThrow(said);
  const waited: object[] = [];
  const waiting = lockFleet(locking(clock, { waitMs: 5000, onWait: (held) => waited.push(held) }));
  const refused = expect(waiting).rejects.toThrow(said);
  await clock.drive(10_000, step);
  await refused;
  expect(waited).toEqual([other]);
});

it('is had as soon as it is free, and let go', async () => {
  store.locks.take('F', other, () => true);
  const clock = new FakeClock(0);
  const waiting = lockFleet(locking(clock, { waitMs: 3600_000 }));
  await clock.drive(60_000, step);
  store.locks.release('F', other.holder);
  await clock.drive(61_000, step);
  const unlock = await waiting;
  expect(store.locks.take('F', other, () => true)?.holder).toBe(thisHolder());
  unlock();
  expect(store.locks.take('F', other, () => true)).toBeUndefined();
});

it('is not waited for by who is to stop', async () => {
  store.locks.take('F', other, () => true);
  const stop = new AbortController();
  const waiting = lockFleet(locking(new FakeClock(0), { waitMs: 3600_000, signal: stop.signal }));
  const refused = expect(waiting).rejects.toThrow('being scanned already');
  await step();
  stop.abort();
  await refused;
});

it('is taken from a process of another machine, or of a container that is gone, once that has not been heard of for minutes', async () => {
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  store.locks.take('F', other, () => true);
  store.locks.beat(other.holder, ago(1));
  await expect(lockFleet(locking(new FakeClock(0)))).rejects.toThrow('being scanned already');
  store.locks.beat(other.holder, ago(6));
  const unlock = await lockFleet(locking(new FakeClock(0)));
  // Who has it now is heard of.
  expect(Date.parse(store.locks.lastBeat(thisHolder()) ?? '')).toBeGreaterThan(Date.now() - 60_000);
  unlock();
  // A process of this machine is looked at, however long it has said nothing: it may have been stopped for a while.
  const [, , host = ''] = /^(process .*) on (.*)$/s.exec(thisHolder()) ?? [];
  const sibling = { ...other, holder: `process ${process.ppid} (started ) on ${host}` };
  store.locks.take('F', sibling, () => true);
  store.locks.beat(sibling.holder, ago(60));
  await expect(lockFleet(locking(new FakeClock(0)))).rejects.toThrow('being scanned already');
});
