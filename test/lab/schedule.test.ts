import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { calendarOf } from '../../src/schedule/calendar.ts';
import { timetable } from '../../src/schedule/timetable.ts';
import { describeLab } from './require.ts';
import { snowfence } from './scanning.ts';

/** Times at which systemd itself says that a line elapses, after a time. */
function elapses(line: string, after: string, count: number): number[] {
  const args = ['calendar', `--iterations=${count}`, `--base-time=${after}`, line];
  const { stdout, stderr, status } = spawnSync('systemd-analyze', args, {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  });
  expect([status, stderr]).toEqual([0, '']);
  const times = [...stdout.matchAll(/(?:Next elapse|Iter\. #\d+): \w+ (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/g)];
  return times.map(([, date, time]) => Date.parse(`${date}T${time}Z`));
}

describeLab('what schedule print prints', () => {
  it.each([
    ...[
      '0 3 * * *',
      '*/20 * * * *',
      '5 4 1,15 2-6 *',
      '0 0 13 * 5',
      '0 0 13 * +5',
      '0 0 L * *',
      '0 9 * * 5#2',
      '0 9 * * 1#L',
    ],
    ...['@weekly', '0 9-17/4 * * MON-FRI', '59 23 29 2 *', '1-59/2 0,1,2,7 1-31 * *'],
  ])('%s elapses for systemd when it comes for croner', (cron) => {
    for (const zone of ['UTC', 'Europe/Berlin', 'Asia/Kolkata']) {
      // A month in which nobody's clocks are set, so that the hour that is twice or never is not compared.
      const after = '2026-05-03 10:11:12 UTC';
      const { next } = timetable(cron, zone);
      const expected: number[] = [];
      for (let slot = next(Date.parse(after)); slot !== undefined && expected.length < 20; slot = next(slot))
        expected.push(slot);
      const lines = calendarOf(cron, zone);
      const seen = [...new Set(lines.flatMap((line) => elapses(line, after, 20)))].sort((a, b) => a - b);
      // A line that comes rarely is known for longer than the others.
      expect(seen.slice(0, 10)).toEqual(expected.slice(0, 10));
    }
  });

  it('are units that systemd takes, of a service that may do little', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'snowfence-units-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const file = join(dir, 'fleet 100% $HOME.yaml');
    const formats = ['prometheus=/var/lib/node_exporter/snowfence.prom'];
    const nightly = { cron: '0 3 13 * 5', zone: 'Europe/Berlin', jitterSeconds: 600, formats };
    writeFileSync(
      file,
      JSON.stringify({ hosts: ['a'], schedules: { nightly, 'a.b-c_d': { cron: '@hourly', catchUp: false } } }),
    );
    const printed = await snowfence(['schedule', 'print', '--systemd', '--inventory', file, '--output', dir]);
    expect([printed.code, printed.stdout]).toEqual([0, '']);
    expect(printed.stderr).toContain('enable --now snowfence-nightly.timer snowfence-a.b-c_d.timer');
    const daemon = await snowfence(['schedule', 'print', '--systemd', '--serve', '--inventory', file, '--output', dir]);
    expect(daemon.stderr).toContain(
      '1 units written; now: systemctl daemon-reload && systemctl enable --now snowfence.service',
    );
    const names = ['nightly', 'a.b-c_d'].flatMap((name) => [`snowfence-${name}.service`, `snowfence-${name}.timer`]);
    const paths = [...names, 'snowfence.service'].map((name) => join(dir, name));
    const verify = (...units: string[]) => spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' });
    expect(verify(...paths)).toMatchObject({ status: 0, stderr: '' });
    const security = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=25', paths[0] ?? ''], {
      encoding: 'utf8',
    });
    expect(security.status).toBe(0);
    // The check is alive.
    const broken = join(dir, 'broken.timer');
    writeFileSync(broken, '[Timer]\nOnCalendar=Someday\n');
    expect(verify(broken).stderr).toContain('Someday');
  });
}, ['systemd-analyze']);
