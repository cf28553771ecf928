import { expect, it } from 'vitest';
import { revived } from '../../../src/app/notifying/revived.ts';
import type { Notification } from '../../../src/core/notify.ts';
import { finding, look } from '../../notify/make.ts';
import { notifyDesk } from './desk.ts';

it('what was given up and is tried again raises no alert of what has ended since', async () => {
  const { store, notifying: read, record } = notifyDesk();
  const sinks = '{ oncall: { kind: pagerduty, routingKey: env:KEY } }';
  const notifying = await read(`groups: { web: { hosts: [web-1] } }\nnotify: { sinks: ${sinks} }\n`);
  const scan = (findings: string[]) => record(notifying, [look(findings.map((id) => finding(id)))]);
  const [now, until] = ['2100-01-01T00:00:00Z', '2100-01-01T00:01:00Z'];
  const take = () => store.outbox.claim(notifying.fleet, 'oncall', 'me', now, until);
  scan([]);
  scan(['sf-0000000000000001', 'sf-0000000000000002']);
  const given = take();
  store.outbox.failed(given?.row ?? 0, 'me', { at: now, says: '400', delivered: 0 });
  scan(['sf-0000000000000002']);
  const end = take();
  expect((JSON.parse(end?.payload ?? '') as Notification).alerts?.map(({ kind }) => kind)).toEqual(['resolved']);
  store.outbox.sent(end?.row ?? 0, 'me', now);
  expect(store.outbox.revive(notifying.fleet, now, revived)).toBe(1);
  const again = JSON.parse(take()?.payload ?? '') as Notification;
  expect(again.alerts?.map(({ kind, key }) => [kind, key])).toEqual([['new', 'snowfence/sf-0000000000000002/web-1']]);
});
