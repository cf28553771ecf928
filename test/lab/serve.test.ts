import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Store } from '../../src/core/ports.ts';
import { sqlite } from '../../src/store/sqlite/store.ts';
import { type Fleet, type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, SNOWFENCE, snowfence } from './scanning.ts';
import { type LogLine, Served } from './served.ts';

const child = fileURLToPath(new URL('serve-child.ts', import.meta.url));

describeLab('serve', () => {
  let desk: Desk;
  let fleet: Fleet;
  let file: string;
  let path: string;
  beforeEach(async () => {
    desk = await Desk.open();
    const image = await labImage();
    fleet = await startFleet(image, 2);
    const manifest = await desk.manifest(image);
    const hosts = fleet.instances.map(({ name, address, port }) => ({
      name,
      address: `ssh://root@${address}:${port}`,
    }));
    const reach = { manifest, identityFiles: [fleet.keyFile], knownHosts: [fleet.knownHosts], sshConfig: '/dev/null' };
    file = join(desk.dir, 'fleet.yaml');
    path = join(desk.dir, 'store.db');
    inventory = (more) => writeFileSync(file, JSON.stringify({ groups: { web: { ...reach, hosts } }, ...more }));
  });
  afterEach(async () => {
    await fleet.stop();
    await desk[Symbol.asyncDispose]();
  });

  let inventory: (more: object) => void;

  function withStore<T>(use: (store: Store) => T): T {
    const store = sqlite.open(path);
    try {
      return use(store);
    } finally {
      store.close();
    }
  }

  const page = async (port: number | string, name: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/${name}`);
    return { status: answer.status, text: await answer.text() };
  };

  it('loses and doubles no run of a day, killed in the middle of one, behind one, and started again', async () => {
    const log = join(desk.dir, 'told.ndjson');
    inventory({
      schedules: {
        hourly: { cron: '0 * * * *', depth: 'quick', groups: ['web'] },
        nightly: { cron: '0 3 * * *', zone: 'Europe/Berlin', depth: 'full', formats: ['json={job}-{time}.json'] },
      },
      notify: { sinks: { log: { kind: 'file', path: log } } },
    });
    const ended: LogLine[] = [];
    const one = (start: string) => new Served([child, file, path, start]);
    const collect = (served: Served) => ended.push(...served.log.filter(({ msg }) => msg === 'run ended'));

    // 1 a.m. UTC is 3 a.m. in Berlin: both jobs are due, and one waits for the other.
    const first = one('2026-05-01T00:30:00Z');
    void first.tell('drive 2026-05-02T00:30:00Z');
    await first.saw(({ msg, slot }) => msg === 'run begins' && slot === '2026-05-01T05:00:00.000Z');
    first.signal('SIGKILL');
    await first.ended();
    collect(first);
    expect(first.log).toContainEqual(expect.objectContaining({ msg: 'waits until another job has ended' }));

    // It was away for a few minutes. Then it is killed when a run has just ended.
    const second = one('2026-05-01T05:07:00Z');
    void second.tell('drive 2026-05-02T00:30:00Z');
    expect(await second.saw(({ msg }) => msg.startsWith('the process of the last run ended'))).toMatchObject({
      job: 'hourly',
    });
    await second.saw(({ msg, slot }) => msg === 'run ended' && slot === '2026-05-01T10:00:00.000Z');
    second.signal('SIGKILL');
    await second.ended();
    collect(second);

    await using third = one(second.log.at(-1)?.time ?? '');
    await fleet.instances[0]?.run('printf "#!/bin/sh\\n" >/usr/bin/fix-it; chmod 755 /usr/bin/fix-it');
    await third.tell('drive 2026-05-02T00:30:00Z');
    const { text } = await page(await third.port(), 'metrics');
    expect(spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(text).toContain('snowfence_instances{verdict="snowflake"} 1\n');
    expect(text).toContain(
      `snowfence_serve_next_run_timestamp_seconds{job="hourly"} ${Date.parse('2026-05-02T01:00Z') / 1000}\n`,
    );
    expect(await page(await third.port(), 'readyz')).toEqual({ status: 200, text: 'ready\n' });
    collect(third);

    const hours = Array.from({ length: 24 }, (_, n) => new Date(Date.UTC(2026, 4, 1, n + 1)).toISOString());
    const whole = withStore((store) => store.listScans(100).filter(({ partial }) => !partial));
    // A run that was killed after its scan was recorded has no line that it ended, and is not made again.
    const slots = ended.map(({ job, slot }) => `${job} ${slot}`);
    expect(new Set(slots).size).toBe(slots.length);
    expect(whole.length).toBe(25);
    expect([24, 25]).toContain(slots.length);
    expect(slots.filter((slot) => slot.startsWith('nightly'))).toEqual(['nightly 2026-05-01T01:00:00.000Z']);
    const known = new Set([...slots, ...(slots.length === 24 ? ['hourly 2026-05-01T05:00:00.000Z'] : [])]);
    expect([...known].filter((slot) => slot.startsWith('hourly')).sort()).toEqual(
      hours.map((hour) => `hourly ${hour}`),
    );
    // The drift is told once, whatever came between.
    const { stdout } = spawnSync('grep', ['-c', 'fix-it', log], { encoding: 'utf8' });
    expect(Number(stdout)).toBe(1);
    const nightly = join(desk.dir, 'nightly-20260501T010000Z.json');
    expect(spawnSync('grep', ['-c', 'snowfence.report/v1', nightly], { encoding: 'utf8' }).stdout.trim()).toBe('1');
  });

  it('stops in the middle of a scan, keeps what it saw, and makes the run again; takes a new fleet file, and refuses a bad one', async () => {
    const job = { cron: '0 3 * * *', depth: 'quick' };
    inventory({ schedules: { nightly: job } });
    // The job was known since a week ago, so its run is owed at once.
    withStore((store) =>
      store.jobs.know(file, 'nightly', '0 3 * * * UTC', new Date(Date.now() - 7 * 86_400_000).toISOString()),
    );
    const args = ['serve', '--inventory', file, '--store', path, '--listen', '127.0.0.1:0', '--grace', '0.2'];
    const frozen = fleet.instances[0] as LabInstance;
    await fleet.freeze(frozen);
    await using first = new Served([SNOWFENCE, ...args], { SNOWFENCE_COMMIT: 'abc123' });
    expect(await first.saw(({ msg }) => msg === 'run begins')).toMatchObject({ job: 'nightly', commit: 'abc123' });
    expect(first.log).toContainEqual(
      expect.objectContaining({ msg: 'earlier runs were missed; one is made for all', count: 6 }),
    );
    const port = (await first.saw(({ msg }) => msg === 'serves')).listen?.split(':')[1] ?? '';

    // Meanwhile nobody else scans this fleet.
    const beside = await snowfence(['scan', '--inventory', file, '--store', path]);
    expect([beside.code, beside.stdout]).toEqual([2, '']);
    expect(beside.stderr).toContain(`is being scanned already: by process ${first.pid} `);
    expect(beside.stderr).toContain(', job nightly\n');

    inventory({ schedules: { nightly: { ...job, cron: '0 25 * * *' } } });
    first.signal('SIGHUP');
    expect(await first.saw(({ msg }) => msg.startsWith('the fleet file is not good'))).toMatchObject({
      why: expect.stringMatching(/fleet\.yaml:1:\d+: schedules\.nightly\.cron is no cron expression/),
    });
    expect(await page(port, 'readyz')).toMatchObject({
      status: 503,
      text: expect.stringContaining('Invalid value for hour: 25'),
    });
    expect(await page(port, 'healthz')).toEqual({ status: 200, text: 'ok\n' });
    expect((await page(port, 'metrics')).text).toContain('snowfence_serve_config_good 0\n');
    inventory({ schedules: { nightly: job, weekly: { cron: '@weekly' } } });
    first.signal('SIGHUP');
    expect(await first.saw(({ msg }) => msg === 'the fleet file was read again')).toMatchObject({
      jobs: ['nightly', 'weekly'],
    });
    expect(await page(port, 'readyz')).toEqual({ status: 200, text: 'ready\n' });

    first.signal('SIGTERM');
    expect(await first.ended()).toBe(0);
    expect(first.log.at(-1)?.msg).toBe('has stopped');
    const aborted = await first.saw(({ msg }) => msg.startsWith('run aborted'));
    expect(withStore((store) => store.listScans(9))).toMatchObject([{ id: aborted.scan, partial: true, instances: 2 }]);

    await fleet.thaw(frozen);
    await using second = new Served([SNOWFENCE, ...args]);
    expect(await second.saw(({ msg }) => msg === 'run ended')).toMatchObject({
      ...{ job: 'nightly', slot: aborted.slot, instances: 2, findings: 0, exit: 0, images: [expect.any(String)] },
    });
    second.signal('SIGINT');
    expect(await second.ended()).toBe(0);
    expect(withStore((store) => store.listScans(9).map(({ partial }) => partial))).toEqual([false, true]);
    const after = await snowfence(['scan', '--inventory', file, '--store', path, '--job', 'nightly', '--quiet']);
    expect(after.code).toBe(0);
  });
}, ['promtool']);
