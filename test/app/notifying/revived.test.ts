import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { outgoingOf } from '../../../src/app/notifying/outgoing.ts';
import { revived } from '../../../src/app/notifying/revived.ts';
import { loadNotifying } from '../../../src/app/notifying/setup.ts';
import type { Notification } from '../../../src/core/notify.ts';
import { sqlite } from '../../../src/store/sqlite/store.ts';
import { finding, look, report } from '../../notify/make.ts';

it('what was given up and is tried again raises no alert of what has ended since', async () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'snowfence-notify-')));
  const store = sqlite.open(join(dir, 'store.db'));
  onTestFinished(() => {
    store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const file = join(dir, 'fleet.yaml');
  const sinks = '{ oncall: { kind: pagerduty, routingKey: env:KEY } }';
  writeFileSync(file, `groups: { web: { hosts: [web-1] } }\nnotify: { sinks: ${sinks} }\n`);
  const notifying = await loadNotifying(file);
  if (!notifying) throw new Error('it has a section');
  let scans = 0;
  const record = (findings: string[]) => {
    const one = report([look(findings.map((id) => finding(id)))], ++scans);
    const { id, startedAt, finishedAt } = one.scan;
    const row = { id, startedAt, finishedAt, instances: 1, findings: 0, worst: '', partial: false };
    store.addScan(row, JSON.stringify(one), [], outgoingOf(notifying, one));
  };
  const [now, until] = ['2100-01-01T00:00:00Z', '2100-01-01T00:01:00Z'];
  const take = () => store.outbox.claim(notifying.fleet, 'oncall', 'me', now, until);
  record([]);
  record(['sf-0000000000000001', 'sf-0000000000000002']);
  const given = take();
  store.outbox.failed(given?.row ?? 0, 'me', { at: now, says: '400', delivered: 0 });
  record(['sf-0000000000000002']);
  const end = take();
  expect((JSON.parse(end?.payload ?? '') as Notification).alerts?.map(({ kind }) => kind)).toEqual(['resolved']);
  store.outbox.sent(end?.row ?? 0, 'me', now);
  expect(store.outbox.revive(notifying.fleet, now, revived)).toBe(1);
  const again = JSON.parse(take()?.payload ?? '') as Notification;
  expect(again.alerts?.map(({ kind, key }) => [kind, key])).toEqual([['new', 'snowfence/sf-0000000000000002/web-1']]);
});
