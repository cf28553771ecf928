import { expect, it } from 'vitest';
import { outgoingOfRun } from '../../../src/app/notifying/replaced.ts';
import type { Notification } from '../../../src/core/notify.ts';
import { item, planOf } from '../../replace/make.ts';
import { notifyDesk } from './desk.ts';

it('a replacement that failed is told once, and again when it came good; one that went well is not', async () => {
  const { store, notifying: read } = notifyDesk();
  const sinks = '{ log: { kind: file, path: log }, quiet: { kind: file, path: other } }';
  const routes = '[{ to: [log], severity: critical, groups: [web] }, { to: [quiet], groups: [db] }]';
  const notifying = await read(
    `groups: { web: { hosts: [a] }, db: { hosts: [b] } }\nnotify: { sinks: ${sinks}, routes: ${routes} }\n`,
  );
  const [a, b, c] = [item('a'), item('b'), item('c')];
  const plan = planOf([a, b, c]);
  let runs = 0;
  const end = (states: ('done' | 'failed' | 'interrupted')[]) => {
    const at = new Date(Date.UTC(2026, 5, 2, ++runs)).toISOString();
    const ended = [a, b, c].map((one, i) => ({
      item: one,
      state: states[i] ?? 'done',
      says: `verify: bad \u001b[31m${i}`,
    }));
    const result = { run: `run-${runs}`, ended, says: '1 of 3 replaced and verified' };
    // A process that was killed after it, and does it again, tells nothing twice.
    for (const _ of [1, 2]) store.outbox.put(at, outgoingOfRun(notifying, plan, result, at));
    const [now, until] = ['2100-01-01T00:00:00Z', '2100-01-01T00:01:00Z'];
    const row = store.outbox.claim(notifying.fleet, 'log', 'me', now, until);
    if (row) store.outbox.sent(row.row, 'me', now);
    expect(store.outbox.claim(notifying.fleet, 'log', 'me', now, until)).toBeUndefined();
    return row && (JSON.parse(row.payload) as Notification);
  };
  expect(end(['done', 'done', 'interrupted'])).toBeUndefined();
  expect(end(['done', 'failed', 'interrupted'])).toMatchObject({
    counts: { new: 1, resolved: 0 },
    items: [
      {
        ...{ kind: 'new', about: 'replacement', severity: 'critical', title: 'its replacement failed' },
        reason: expect.stringMatching(/^verify: bad .*1\. 1 of 3 replaced and verified$/),
        instances: [{ name: 'b', key: 'snowfence/replacement/b' }],
      },
    ],
  });
  expect(end(['done', 'done', 'done'])).toMatchObject({
    counts: { new: 0, resolved: 1 },
    items: [{ kind: 'resolved', by: 'replacement', title: 'its replacement came good', instances: [{ name: 'b' }] }],
  });
  expect(end(['done', 'done', 'done'])).toBeUndefined();
});
