import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { MakeOutgoing } from '../../src/core/notify.ts';
import type { Store } from '../../src/core/ports.ts';
import { stores } from '../../src/store/registry.ts';
import { day, instance, scan, scratch } from './make.ts';

describe.each(Object.entries(stores))('the outbox of %s', (_name, load) => {
  let path: string;
  let store: Store;
  beforeEach(async () => {
    path = await scratch();
    store = await open();
  });

  async function open(): Promise<Store> {
    const opened = (await load()).open(path);
    onTestFinished(() => opened.close());
    return opened;
  }

  const make =
    (...keys: string[]): MakeOutgoing =>
    () => ({
      fleet: '/f',
      states: [{ instance: 'web', state: `{"n":${keys.length}}` }],
      messages: () => keys.map((key) => ({ key, sink: key.split('/')[1] ?? '', payload: `{"id":"${key}"}` })),
    });
  const record = (n: number, outgoing: MakeOutgoing, to = store) =>
    to.addScan(scan(`s${n}`, day(n)), `{"n":${n}}`, [instance('web', ['x'])], outgoing);
  const future = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  const claim = (sink = 'a', holder = 'me', now = future(1), from = store) =>
    from.outbox.claim('/f', sink, holder, now, future(60));

  it('is written with the scan or not at all', () => {
    const bad: MakeOutgoing = () => {
      throw new Error('no');
    };
    expect(() => record(1, bad)).toThrow('no');
    expect([store.listScans(9), store.outbox.sinks('/f')]).toEqual([[], []]);
    record(1, make('s1/a'));
    expect([store.listScans(9).length, store.outbox.sinks('/f')]).toEqual([1, ['a']]);
  });

  it('of a scan that is given twice has each message once', () => {
    record(1, make('s1/a'));
    record(1, make('s1/a'));
    expect(store.outbox.status()).toMatchObject([{ fleet: '/f', sink: 'a', waiting: 1, dead: 0 }]);
  });

  it('tells what was told of an instance before, for each fleet file by itself', () => {
    const seen: unknown[] = [];
    const ask: MakeOutgoing = (told) => {
      seen.push(told('/f', 'web'), told('/g', 'web'), told('/f', 'db'));
      return { fleet: '/f', states: [], messages: () => [] };
    };
    record(1, make('s1/a'));
    record(2, ask);
    expect(seen).toEqual([{ state: '{"n":1}', seenAt: day(1) }, undefined, undefined]);
  });

  it('gives a message to one holder, until the lease is over', async () => {
    record(1, make('s1/a'));
    const other = await open();
    expect(claim()).toMatchObject({ payload: '{"id":"s1/a"}', tries: 1, delivered: 0 });
    expect(claim('a', 'you', future(1), other)).toBeUndefined();
    expect(claim('a', 'you', future(61), other)).toMatchObject({ tries: 2 });
    // Who was late has no say.
    store.outbox.sent(1, 'me', day(1));
    store.outbox.failed(1, 'me', { at: day(1), says: 'x', delivered: 0 });
    expect(store.outbox.status()).toMatchObject([{ waiting: 1, dead: 0 }]);
    other.outbox.sent(1, 'you', day(2));
    expect(store.outbox.status()).toEqual([{ fleet: '/f', sink: 'a', waiting: 0, dead: 0, lastSentAt: day(2) }]);
  });

  it('keeps the order of a sink, and lets no sink wait for another', () => {
    record(1, make('s1/a', 's1/b'));
    record(2, make('s2/a'));
    const first = claim();
    expect(first?.payload).toBe('{"id":"s1/a"}');
    store.outbox.failed(first?.row ?? 0, 'me', { at: day(1), says: 'later', delivered: 3, again: future(30) });
    expect(claim()).toBeUndefined();
    expect(claim('b')?.payload).toBe('{"id":"s1/b"}');
    expect(store.outbox.due('/f', 'a')).toBe(store.outbox.status()[0]?.nextTryAt);
    expect(claim('a', 'me', future(31))).toMatchObject({ payload: '{"id":"s1/a"}', delivered: 3, tries: 2 });
    store.outbox.sent(first?.row ?? 0, 'me', day(1));
    expect(claim()?.payload).toBe('{"id":"s2/a"}');
  });

  it('what was given up blocks nothing, is told, and waits again when it is asked to', () => {
    record(1, make('s1/a'));
    record(2, make('s2/a'));
    store.outbox.failed(claim()?.row ?? 0, 'me', { at: day(1), says: 'no such channel', delivered: 0 });
    expect(store.outbox.status()).toMatchObject([{ waiting: 1, dead: 1, says: 'no such channel' }]);
    expect(claim()?.payload).toBe('{"id":"s2/a"}');
    expect(store.outbox.revive('/other', future(0), (payload) => payload)).toBe(0);
    expect(store.outbox.revive('/f', future(0), (payload) => payload)).toBe(1);
    expect(claim('a', 'me', future(1))).toMatchObject({ payload: '{"id":"s1/a"}', tries: 1 });
  });

  it('forgets what was sent long ago, and nothing else', () => {
    record(1, make('s1/a'));
    record(2, make('s2/a'));
    store.outbox.sent(claim()?.row ?? 0, 'me', day(1));
    store.outbox.prune(day(1));
    expect(store.outbox.status()[0]?.lastSentAt).toBe(day(1));
    store.outbox.prune(day(2));
    expect(store.outbox.status()).toMatchObject([{ waiting: 1 }]);
    expect(store.outbox.status()[0]?.lastSentAt).toBeUndefined();
  });
});
