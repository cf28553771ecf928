import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { build, Desk } from './run.ts';

const desk = new Desk();
beforeAll(async () => {
  build();
  for (const name of ['image', 'web-1']) {
    mkdirSync(join(desk.path, name, 'etc'), { recursive: true });
    writeFileSync(join(desk.path, name, 'etc/motd'), 'welcome\n');
  }
  await desk.run('manifest', 'create', `rootfs:${desk.path}/image`, '--image', 'web:1', '-o', 'web.manifest');
  expect((await desk.run('manifest', 'add', 'web.manifest')).code).toBe(0);
}, 120_000);
afterAll(() => desk.remove());

const hosts = `hosts: [{ address: 'rootfs:${desk.path}/web-1', name: web-1, image: 'web:1' }]\n`;
const scan = (...more: string[]) => desk.run('scan', '--inventory', 'fleet.yaml', '--quiet', ...more);
const motd = (text: string) => writeFileSync(join(desk.path, 'web-1/etc/motd'), text);
const told = () =>
  existsSync(join(desk.path, 'log')) ? readFileSync(join(desk.path, 'log'), 'utf8').trimEnd().split('\n') : [];

describe('notify', () => {
  beforeEach(() => {
    motd('welcome\n');
    desk.write(
      'fleet.yaml',
      `${hosts}notify:\n  deliverSeconds: 0\n  sinks: { log: { kind: file, path: log }, bad: { kind: command, argv: [sh, -c, 'exit 65'] } }\n`,
    );
  });

  it('a scan tells what changed, says what it could not deliver, and ends as it would have', async () => {
    desk.write(
      'fleet.yaml',
      `${hosts}notify:\n  sinks: { log: { kind: file, path: log }, bad: { kind: command, argv: [sh, -c, 'exit 65'] } }\n`,
    );
    expect(await scan()).toMatchObject({ code: 0, stderr: '' });
    motd('owned\n');
    const { code, stderr } = await scan();
    expect(code).toBe(1);
    expect(stderr).toContain('snowfence: notification to bad (command) is GIVEN UP: sh ended with exit code 65');
    expect(told()).toHaveLength(1);
    const { stdout } = await desk.run('notify', 'status');
    expect(stdout).toMatch(/^bad \(.*fleet.yaml\): 0 waiting, 1 given up, never delivered, last failure: sh ended/m);
    expect(stdout).toMatch(/^log \(.*fleet.yaml\): 0 waiting, 0 given up, last delivered 2/m);
    const retried = await desk.run('notify', 'retry', '--inventory', 'fleet.yaml');
    expect(retried.code).toBe(1);
    expect(retried.stderr).toContain('1 given-up messages wait again\n0 delivered\n');
    motd('welcome\n');
    await scan();
    expect(told()).toHaveLength(2);
  });

  it('what there was no time for waits, and flush delivers it', async () => {
    const before = told().length;
    motd('owned\n');
    const { code, stderr } = await scan();
    expect(code).toBe(1);
    expect(stderr).toContain('notification to log (file) waits');
    const rows = JSON.parse((await desk.run('notify', 'status', '--json')).stdout) as {
      sink: string;
      waiting: number;
    }[];
    expect(rows.find(({ sink }) => sink === 'log')).toMatchObject({ waiting: 1 });
    const { stderr: said } = await desk.run('notify', 'flush', '--inventory', 'fleet.yaml');
    expect(said).toContain('1 delivered\n');
    expect(told()).toHaveLength(before + 1);
    motd('welcome\n');
    await scan('--no-notify');
    expect(told()).toHaveLength(before + 1);
  });

  it('test goes through each sink, or one', async () => {
    const all = await desk.run('notify', 'test', '--inventory', 'fleet.yaml');
    expect(all.stdout.trim().split('\n').sort()).toEqual([
      'bad (command): FAILED: sh ended with exit code 65',
      'log (file): delivered',
    ]);
    expect(all.code).toBe(1);
    const one = await desk.run('notify', 'test', 'log', '--inventory', 'fleet.yaml');
    expect([one.stdout, one.code]).toEqual(['log (file): delivered\n', 0]);
    expect(JSON.parse(told().at(-1) ?? '')).toMatchObject({ kind: 'test', items: [] });
    expect(await desk.run('notify', 'test', 'gol', '--inventory', 'fleet.yaml')).toMatchObject({ code: 2 });
  });

  it('is proved before anybody is contacted, and needs a store', async () => {
    desk.write('fleet.yaml', `${hosts}notify: { sinks: { chat: { kind: slack, url: 'https://localhost/token' } } }\n`);
    const { code, stderr } = await scan();
    expect(code).toBe(2);
    expect(stderr).toContain('notify.sinks.chat.url');
    expect(stderr).not.toContain('/token');
    desk.write('fleet.yaml', `${hosts}notify: { sinks: { log: { kind: file, path: log } } }\n`);
    expect(await scan('--no-store')).toMatchObject({ code: 2 });
    expect((await scan('--no-store', '--no-notify', '--manifest', 'web.manifest')).code).toBe(0);
    desk.write('fleet.yaml', hosts);
    expect(await desk.run('notify', 'flush', '--inventory', 'fleet.yaml')).toMatchObject({ code: 2 });
  });
});
