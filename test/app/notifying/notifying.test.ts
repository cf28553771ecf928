import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { backoff, deliver } from '../../../src/app/notifying/deliver.ts';
import { revived } from '../../../src/app/notifying/revived.ts';
import { loadNotifying } from '../../../src/app/notifying/setup.ts';
import { sqlite } from '../../../src/store/sqlite/store.ts';
import { away, finding, look } from '../../notify/make.ts';
import { httpReceiver } from '../../notify/receivers.ts';
import { type Desk, notifyDesk } from './desk.ts';

const dies = fileURLToPath(new URL('dies.ts', import.meta.url));

let desk: Desk;
beforeEach(() => {
  desk = notifyDesk();
});

const web = 'groups: { web: { hosts: [web-1] } }\n';
const fleet = (text: string) => desk.fleet(web + text);
const section = (text: string) => desk.notifying(`${web}notify:\n${text}`);
const record: Desk['record'] = (...looks) => desk.record(...looks);

const around = (limitMs = 5000) => ({ env: {}, signal: new AbortController().signal, version: '1', limitMs });
const logged = () => {
  const lines = readFileSync(join(desk.dir, 'log'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as { id: string; items: { title: string; kind: string }[] });
};
const log = '  sinks: { log: { kind: file, path: log } }\n';

describe('the section notify', () => {
  it('is needed by nobody', async () => {
    expect(await loadNotifying(fleet(''))).toBeUndefined();
  });

  it('is proved whole: kinds, settings, routes, groups', async () => {
    const wrong = `
  sinks:
    a: { kind: carrier-pigeon }
    b: { kind: webhook, url: 'https://localhost/x', secret: hunter2, colour: red }
  routes:
    - { to: [b, c], groups: [db] }
`;
    const error = await section(wrong).catch((thrown: Error) => thrown);
    const said = (error as Error).message;
    for (const part of [
      'notify.sinks.a.kind: "carrier-pigeon" is none',
      'sinks.b.secret',
      'unknown key "colour"',
      'no sink "c"',
      'no group "db"',
    ])
      expect(said).toContain(part);
    expect(said).not.toContain('hunter2');
    await expect(section('  sinks: {}\n')).rejects.toThrow(/notify.sinks/);
    await expect(section(`${log}  routes: [{ to: [log], severity: huge }]\n`)).rejects.toThrow(/info, low, medium/);
  });
});

describe('delivery', () => {
  it('tells what changed, once', async () => {
    const notifying = await section(log);
    record(notifying, [look([])]);
    record(notifying, [look([finding('a')])]);
    record(notifying, [look([finding('a')])]);
    record(notifying, [look([])]);
    expect(await deliver(desk.store.outbox, notifying, around())).toEqual({ sent: 2, waiting: [], dead: [] });
    expect(logged().map(({ items }) => items.map(({ kind, title }) => `${kind} ${title}`))).toEqual([
      ['new file changed /etc/a'],
      ['resolved file changed /etc/a'],
    ]);
    expect((await deliver(desk.store.outbox, notifying, around())).sent).toBe(0);
  });

  it('says nothing of instances that a stopped scan did not come to', async () => {
    const notifying = await section(log);
    record(notifying, [look([])]);
    record(notifying, [look([], { ...away, gaps: [{ probe: 'connect', reason: 'interrupted', detail: 'stopped' }] })]);
    expect(desk.store.outbox.sinks(notifying.fleet)).toEqual([]);
  });

  it('tries again what fails in passing, and loses nothing when its time is over', async () => {
    const { url, posts } = await httpReceiver({ does: 'take', status: 503 });
    writeFileSync(join(desk.dir, 'secret'), 'sup3r-s3cret');
    const notifying = await section(
      `  sinks: { hook: { kind: webhook, url: '${url}', secret: 'file:${desk.dir}/secret' } }\n`,
    );
    record(notifying, [look([finding('a')])]);
    const { sent, waiting, dead } = await deliver(desk.store.outbox, notifying, around(3200));
    expect([sent, dead]).toEqual([0, []]);
    expect(waiting).toEqual([{ sink: 'hook', says: expect.stringContaining('answered 503') }]);
    expect(posts.length).toBeGreaterThan(1);
    expect(new Set(posts.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(desk.store.outbox.status()).toMatchObject([{ waiting: 1, dead: 0 }]);
  });

  it('waits as long as it was asked to', async () => {
    const { url, posts } = await httpReceiver({ does: 'throttle', seconds: 3600 });
    writeFileSync(join(desk.dir, 'secret'), 'sup3r-s3cret');
    const notifying = await section(
      `  sinks: { hook: { kind: webhook, url: '${url}', secret: 'file:${desk.dir}/secret' } }\n`,
    );
    record(notifying, [look([finding('a')])]);
    const { waiting } = await deliver(desk.store.outbox, notifying, around());
    expect([waiting.length, posts.length]).toEqual([1, 1]);
    expect(Date.parse(desk.store.outbox.due(notifying.fleet, 'hook') ?? '') - Date.now()).toBeGreaterThan(3_500_000);
  });

  it('gives up what is refused, tells no secret of it, and goes on with the next', async () => {
    const refusing = `  sinks: { run: { kind: command, argv: [sh, -c, 'grep -q /etc/b && exit 0; echo key; exit 65'] } }\n`;
    const notifying = await section(refusing);
    record(notifying, [look([])]);
    record(notifying, [look([finding('a')])]);
    record(notifying, [look([finding('a'), finding('b')])]);
    const { sent, dead } = await deliver(desk.store.outbox, notifying, around());
    expect([sent, dead.length]).toEqual([1, 1]);
    expect(dead[0]?.says).toContain('exit code 65');
    expect(desk.store.outbox.revive(notifying.fleet, new Date().toISOString(), revived)).toBe(1);
  });

  it('shows no secret that a receiver repeats', async () => {
    writeFileSync(join(desk.dir, 'url'), 'https://no.such.host.invalid/services/T0K3N\n');
    const notifying = await section(`  sinks: { chat: { kind: slack, url: 'file:${desk.dir}/url' } }\n`);
    record(notifying, [look([finding('a')])]);
    const { waiting, dead } = await deliver(desk.store.outbox, notifying, around(1500));
    expect(JSON.stringify([waiting, dead])).toMatch(/did not answer/);
    expect(JSON.stringify([waiting, dead, desk.store.outbox.status()])).not.toContain('T0K3N');
  });

  it('gives up a message for a sink that the fleet file has no more', async () => {
    const notifying = await section(log);
    record(notifying, [look([finding('a')])]);
    const other = await section('  sinks: { other: { kind: file, path: other } }\n');
    const { dead } = await deliver(desk.store.outbox, other, around());
    expect(dead).toEqual([{ sink: 'log', says: 'the fleet file has no sink of this name any more' }]);
  });

  it('by two at once is done once', async () => {
    const notifying = await section(log);
    record(notifying, [look([])]);
    for (let n = 0; n < 20; n++) record(notifying, [look(n % 2 === 0 ? [finding('a')] : [])]);
    const other = sqlite.open(desk.path);
    onTestFinished(() => other.close());
    const both = await Promise.all([desk.store, other].map((one) => deliver(one.outbox, notifying, around())));
    expect(both.reduce((sum, { sent }) => sum + sent, 0)).toBe(20);
    const ids = logged().map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([20, 20]);
  });

  it.each([
    ['before-send', 1],
    ['after-send', 2],
  ])('survives a process that is killed %s: %i in all, of one id', async (when, times) => {
    const notifying = await section(log);
    record(notifying, [look([])]);
    record(notifying, [look([finding('a')])]);
    const killed = spawnSync(process.execPath, [dies, desk.path, notifying.fleet, join(desk.dir, 'log'), when]);
    expect([killed.signal, String(killed.stderr)]).toEqual(['SIGKILL', '']);
    expect((await deliver(desk.store.outbox, notifying, around())).sent).toBe(1);
    const ids = logged().map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([times, 1]);
  });

  it('waits twice as long each time, within its bounds', () => {
    expect([backoff(1, 0), backoff(1, 1), backoff(2, 1), backoff(3, 0)]).toEqual([1000, 2000, 4000, 4000]);
    for (const tries of [12, 100, 1e9]) expect(backoff(tries, 1)).toBe(3_600_000);
  });
});
