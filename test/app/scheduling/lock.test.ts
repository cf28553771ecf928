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
