import { describe, expect, it } from 'vitest';
import type { Sink } from '../../src/core/notify.ts';
import { messageOf, messagesOf, wants } from '../../src/notify/message.ts';
import { headline, itemLine, plainText } from '../../src/notify/text.ts';
import { at, transition } from './make.ts';

const on = (name: string) => ({ instance: { ...transition().instance, id: name, name }, key: `k/${name}` });
const fleet = (n: number) => ({
  scan: { id: 'scan-1', startedAt: at(1), finishedAt: at(1) },
  ...{ instances: n, images: new Map([['web:1', n]]) },
});

describe('a route', () => {
  it.each([
    [{ severity: 'high' }, true],
    [{ severity: 'critical' }, false],
    [{ verdicts: ['clean'] }, true],
    [{ verdicts: ['snowflake'] }, false],
    [{ groups: ['web'] }, true],
    [{ groups: ['db'] }, false],
    [{ labels: { tier: 'front' } }, true],
    [{ labels: { tier: 'back' } }, false],
    [{ labels: { toString: 'x' } }, false],
    [{ kinds: ['new', 'worse'] }, true],
    [{ kinds: ['resolved'] }, false],
    [{ severity: 'high', groups: ['db'] }, false],
  ] as const)('of %j', (route, wanted) => {
    expect(wants({ to: ['x'], ...route } as never, transition())).toBe(wanted);
  });

  const sink = (shape: Sink['shape']) => ({ shape }) as Sink;
  const kinds = new Map([
    ['file', sink({ items: 1000, instances: 1000 })],
    ['pagerduty', sink({ items: 0, instances: 0, alerts: 100 })],
  ]);
  const sinks = { log: { kind: 'file' }, pager: { kind: 'pagerduty' } };

  it('is implied: everything to every sink', () => {
    const all = messagesOf([transition()], fleet(1), { sinks }, kinds);
    expect(all.map(({ key, sink: name }) => [key, name])).toEqual([
      ['scan-1/0/log', 'log'],
      ['scan-1/0/pager', 'pager'],
    ]);
    expect(messagesOf([], fleet(1), { sinks }, kinds)).toEqual([]);
  });

  it('gives a sink nothing that another route gave it', () => {
    const low = transition({ severity: 'low', key: 'k2', title: 'file changed /etc/b' });
    const routes = [{ to: ['log'], severity: 'high' as const }, { to: ['log', 'pager'] }];
    const all = messagesOf([transition(), low], fleet(1), { sinks, routes }, kinds);
    expect(all.map(({ key, message }) => [key, message.counts.new])).toEqual([
      ['scan-1/0/log', 1],
      ['scan-1/1/log', 1],
      ['scan-1/1/pager', 2],
    ]);
  });
});

describe('a message', () => {
  it('tells what many share once, and how many they are', () => {
    const all = Array.from({ length: 38 }, (_, i) => transition(on(`web-${i}`)));
    const message = messageOf('m', all, fleet(40), { items: 20, instances: 5 });
    expect(message.items).toHaveLength(1);
    expect(message.items[0]).toMatchObject({ seen: 38, of: 40 });
    expect(message.items[0]?.instances.map(({ name, key }) => [name, key])[4]).toEqual(['web-4', 'k/web-4']);
    expect(itemLine(message.items[0] as never)).toBe(
      'NEW high: file changed /etc/a on web-0, web-1, web-2, web-3, web-4 and 33 more (38 of 40 share this)',
    );
    expect(headline(message)).toBe('snowfence: 38 new in a scan of 40 instances (worst: high)');
  });

  it('shows the worst, and counts what it does not show', () => {
    const all = Array.from({ length: 233 }, (_, i) =>
      transition({ title: `file changed /etc/${i}`, key: `k${i}`, severity: i === 200 ? 'critical' : 'low' }),
    );
    const message = messageOf('m', all, fleet(1), { items: 20, instances: 5, alerts: 100 });
    expect(message.items).toHaveLength(20);
    expect(message.items[0]?.title).toBe('file changed /etc/200');
    expect(message.more).toBe(213);
    expect(plainText(message)).toContain('\nand 213 more\n');
    expect(message.alerts).toHaveLength(100);
    expect(message.alerts?.[0]?.severity).toBe('critical');
  });

  it('names so many instances in all, and one of each item at least', () => {
    const all = Array.from({ length: 100 }, (_, i) => transition({ ...on(`web-${i}`) })).flatMap((t) =>
      Array.from({ length: 60 }, (_, n) => ({ ...t, title: `file changed /etc/${String(n).padStart(2, '0')}` })),
    );
    const { items } = messageOf('m', all, fleet(100), { items: 1000, instances: 1000 });
    expect(items.map(({ instances, seen }) => [instances.length, seen])).toEqual([
      ...Array.from({ length: 50 }, () => [100, 100]),
      ...Array.from({ length: 10 }, () => [1, 100]),
    ]);
  });

  it('has no end of an alert that never began', () => {
    const ends = [transition({ kind: 'resolved', summed: true }), transition({ kind: 'resolved', key: 'e' })];
    const { alerts, items } = messageOf('m', ends, fleet(1), { items: 9, instances: 9, alerts: 9 });
    expect(alerts?.map(({ key }) => key)).toEqual(['e']);
    expect(items[0]).toMatchObject({ seen: 2 });
  });

  it('leaves no end of an alert out, and says ends first', () => {
    const ends = Array.from({ length: 300 }, (_, i) => transition({ kind: 'resolved', key: `e${i}` }));
    const { alerts } = messageOf('m', [transition(), ...ends], fleet(1), { items: 0, instances: 0, alerts: 100 });
    expect(alerts).toHaveLength(301);
    expect(alerts?.at(-1)?.kind).toBe('new');
  });
});
