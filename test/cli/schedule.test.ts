import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { thisHolder } from '../../src/app/holder.ts';
import type { Store } from '../../src/core/ports.ts';
import { sqlite } from '../../src/store/sqlite/store.ts';
import { instance, scan } from '../store/make.ts';
import { build, Desk } from './run.ts';

let desk: Desk;
beforeAll(build, 120_000);
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.remove());

const fleet = `groups:
  web: { hosts: ['rootfs:ROOT'] }
schedules:
  nightly: { cron: '0 3 * * *', zone: Europe/Berlin, depth: full, jitterSeconds: 600, formats: ['json={job}-{time}.json'] }
  hourly: { cron: '0 * * * *', groups: [web], failOn: critical, catchUp: false }
`;
const write = (text = fleet) => {
  desk.write('root/etc/hostname', 'web-1\n');
  return desk.write('fleet.yaml', text.replace('ROOT', join(desk.path, 'root')));
};

function withStore<T>(use: (store: Store) => T): T {
  const store = sqlite.open(desk.env['SNOWFENCE_STORE'] ?? '');
  try {
    return use(store);
  } finally {
    store.close();
  }
}

describe('schedule list', () => {
  it('shows the next three runs of each job in its zone', async () => {
    write();
    const { code, stdout } = await desk.run('schedule', 'list', '--inventory', 'fleet.yaml');
    expect(code).toBe(0);
    expect(
      stdout.replaceAll(/\w{3} \d{4}-\d\d-\d\d/g, 'DAY').replaceAll(/DAY \d\d:00 GMT\+0/g, 'DAY HOUR UTC'),
    ).toMatch(
      /^nightly: 0 3 \* \* \* \(Europe\/Berlin\), full\n( {2}DAY 03:00 GMT\+[12]\n){3}hourly: 0 \* \* \* \* \(UTC\), groups web\n( {2}DAY HOUR UTC\n){3}$/,
    );
    const json = JSON.parse((await desk.run('schedule', 'list', '--json', '--inventory', 'fleet.yaml')).stdout);
    expect(json).toMatchObject([
      { name: 'nightly', next: [expect.any(String), expect.any(String), expect.any(String)] },
      {},
    ]);
  });

  it.each([
    ["'0 3 * * *'", "'0 3 * *'", /fleet\.yaml:4:20: schedules\.nightly\.cron is no cron expression of five fields/],
    ["'0 3 * * *'", "'0 0 30 2 *'", /schedules\.nightly\.cron never comes/],
    ['Europe/Berlin', 'Europe/Berlon', /fleet\.yaml:4:39: schedules\.nightly\.zone is no time zone/],
    ['[web]', '[wob]', /schedules\.hourly\.groups\.0 names no group: "wob"; did you mean "web"\?/],
    ['json=', 'jsom=', /schedules\.nightly\.formats\.0 names no format: "jsom"; did you mean "json"\?/],
    ['depth: full', 'replace: true', /schedules\.nightly\.replace needs replace\.mode auto; it is plan/],
    ['jitterSeconds: 600', 'jitterSeconds: 86400', /jitterSeconds must be less than the \d+ s between two runs/],
    ['catchUp', 'catchup', /unknown key "catchup"; did you mean "catchUp"\?/],
    ['hourly:', "'../hourly':", /schedules/],
  ])('refuses %s -> %s', async (from, to, said) => {
    write(fleet.replace(from, to));
    const { code, stderr, stdout } = await desk.run('schedule', 'list', '--inventory', 'fleet.yaml');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(said);
  });

  it('says where there are no jobs', async () => {
    desk.write('fleet.yaml', 'hosts: [a]\n');
    const { code, stderr } = await desk.run('schedule', 'list', '--inventory', 'fleet.yaml');
    expect([code, stderr]).toEqual([2, expect.stringContaining('docs/schedules.md')]);
  });
});

describe('schedule print', () => {
  it('for cron: a line a job, that mails only what went wrong', async () => {
    write();
    const { code, stdout } = await desk.run('schedule', 'print', '--cron', '--inventory', 'fleet.yaml');
    expect(code).toBe(0);
    expect(stdout).toContain('MAILTO=root\n');
    expect(stdout).toContain(
      '# nightly: 0 3 * * * (Europe/Berlin); cron knows no jitter\nCRON_TZ=Europe/Berlin\n0 3 * * * /',
    );
    expect(stdout).toContain(
      `/bin/snowfence scan --inventory ${desk.path}/fleet.yaml --job hourly --quiet --wait 3600 >/dev/null || echo "snowfence: job hourly ended with exit code $?"\n`,
    );
  });

  it('quotes what the shell or cron would read otherwise', async () => {
    write();
    const odd = desk.write("o'd 100%.yaml", readFileSync(join(desk.path, 'fleet.yaml'), 'utf8'));
    const { stdout } = await desk.run('schedule', 'print', '--cron', '--inventory', odd, '--job', 'hourly');
    expect(stdout).toContain(`--inventory '${desk.path}/o'\\''d 100\\%.yaml' --job hourly`);
    expect(stdout).not.toContain('nightly');
  });

  it('refuses what cron cannot say, and wants to know for whom', async () => {
    write(fleet.replace('0 3 * * *', '0 3 L * *'));
    const refused = await desk.run('schedule', 'print', '--cron', '--inventory', 'fleet.yaml');
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('job nightly: cron itself does not know "0 3 L * *"');
    expect((await desk.run('schedule', 'print', '--inventory', 'fleet.yaml')).stderr).toContain(
      'give --cron or --systemd',
    );
    const unknown = await desk.run('schedule', 'print', '--cron', '--job', 'nightle', '--inventory', 'fleet.yaml');
    expect(unknown.stderr).toContain('has no job "nightle"; did you mean "nightly"?');
  });

  it('for systemd: a service that may write its results, and a timer', async () => {
    write();
    const { stdout } = await desk.run(
      'schedule',
      'print',
      '--systemd',
      '--inventory',
      'fleet.yaml',
      '--user',
      'scanner',
    );
    expect([...stdout.matchAll(/^# \/etc\/systemd\/system\/(.*)$/gm)].map(([, name]) => name)).toEqual(
      ['nightly', 'hourly'].flatMap((name) => [`snowfence-${name}.service`, `snowfence-${name}.timer`]),
    );
    for (const line of ['User=scanner', `ReadWritePaths=-${desk.path}`, 'OnCalendar=*-*-* 03:00:00 Europe/Berlin'])
      expect(stdout).toContain(`${line}\n`);
    expect(stdout.match(/^(Persistent|RandomizedDelaySec)=.*$/gm)).toEqual([
      ...['Persistent=true', 'RandomizedDelaySec=600', 'Persistent=false'],
    ]);
  });
});

describe('scan --job', () => {
  it('scans as the job says, and what the command line says outranks it', async () => {
    write();
    const first = await desk.run('scan', '--inventory', 'fleet.yaml', '--job', 'nightly', '--quiet');
    expect([first.code, first.stdout, first.stderr]).toEqual([3, '', '']);
    const [file = ''] = readdirSync(desk.path).filter((name) => /^nightly-\d{8}T\d{6}Z\.json$/.test(name));
    expect(JSON.parse(readFileSync(join(desk.path, file), 'utf8'))).toMatchObject({ scan: { depth: 'full' } });
    const args = ['--job', 'nightly', '--depth', 'metadata', '--format', 'json'];
    const second = await desk.run('scan', '--inventory', 'fleet.yaml', ...args);
    expect(JSON.parse(second.stdout)).toMatchObject({ scan: { depth: 'metadata' } });
  });

  it('takes a lock, which a dead process does not hold, and waits when it is told to', async () => {
    const path = write();
    const take = (holder: string) =>
      withStore((store) =>
        store.locks.take(path, { holder, since: '2026-05-01T03:00:00.000Z', job: 'nightly' }, () => false),
      );
    take(thisHolder());
    const args = ['scan', '--inventory', 'fleet.yaml', '--quiet'];
    const refused = await desk.run(...args);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain(`is being scanned already: by process ${process.pid} (started `);
    expect(refused.stderr).toContain('since 2026-05-01T03:00:00.000Z, job nightly\n');
    expect(withStore((store) => store.listScans(9))).toEqual([]);
    expect((await desk.run(...args, '--no-lock')).code).toBe(3);
    const waiting = desk.run(...args, '--wait', '60');
    withStore((store) => store.locks.release(path, thisHolder()));
    expect((await waiting).code).toBe(3);
    take(`process ${process.pid} (started 1) on ${hostname()}`);
    expect((await desk.run(...args)).code).toBe(3);
    expect(withStore((store) => store.listScans(9))).toHaveLength(3);
  });

  it('--group takes these groups only', async () => {
    write('groups:\n  web: { hosts: ["rootfs:/a"] }\n  db: { hosts: ["rootfs:/b", "rootfs:/c"] }\n');
    const { stdout } = await desk.run(
      'scan',
      '--inventory',
      'fleet.yaml',
      '--group',
      'db',
      '--format',
      'json',
      '--no-store',
    );
    expect(JSON.parse(stdout).instances.map(({ group }: { group: string }) => group)).toEqual(['db', 'db']);
    expect((await desk.run('scan', '--inventory', 'fleet.yaml', '--group', 'dbs')).stderr).toContain(
      'did you mean "db"?',
    );
    expect((await desk.run('scan', 'rootfs:/a', '--group', 'db')).code).toBe(2);
  });
});

describe('history', () => {
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  beforeEach(() =>
    withStore((store) => {
      for (const [n, days] of [200, 20, 10, 1].entries())
        store.addScan(scan(`s${n}`, ago(days)), '{}', [
          instance(
            'a',
            Array.from({ length: n * 3 }, (_, i) => `f${i}`),
            { group: 'web', image: 'web:\u001b[31m42' },
          ),
          instance('b', [], { group: '=db', image: 'db:7', verdict: 'clean' }),
        ]);
    }),
  );

  it('trend draws each image and group, and lets nothing move the cursor', async () => {
    const { code, stdout } = await desk.run('history', 'trend');
    expect(code).toBe(0);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('web:\\x1b[31m42, group web\n    9 ┤  █\n');
    expect(stdout).toContain('live findings 3 -> 9 in 3 scans; now 9 high; 1 drifted\n');
    expect(stdout).toContain('live findings 0 -> 0 in 3 scans; now none; 1 clean\n');
    const dumb = await desk.shell('TERM=dumb snowfence history trend --image db:7 --days 365');
    expect(/^[\x20-\x7e\n]+$/.test(dumb.stdout)).toBe(true);
    expect(dumb.stdout).toContain('in 4 scans');
  });

  it('trend as JSON and CSV', async () => {
    const json = JSON.parse((await desk.run('history', 'trend', '--format', 'json', '--group', 'web')).stdout);
    expect(json).toMatchObject([
      { group: 'web', points: [{ scan: 's1', live: 3, findings: { high: 3 } }, { live: 6 }, { live: 9 }] },
    ]);
    const csv = (await desk.run('history', 'trend', '--format', 'csv', '--days', '5')).stdout.trim().split('\n');
    expect(csv).toHaveLength(3);
    expect(csv[0]).toMatch(/^startedAt,scan,image,group,instances,findings,/);
    expect(csv[1]).toContain(",s3,db:7,'=db,1,0,");
    const page = (await desk.run('history', 'trend', '--format', 'html')).stdout;
    expect(page.match(/<h2>/g)?.length).toBeGreaterThan(1);
    expect(page).toContain('<svg class="chart"');
    expect(page).not.toMatch(/\u001b|<script/);
    const none = await desk.run('history', 'trend', '--group', 'nobody');
    expect([none.code, none.stdout, none.stderr]).toEqual([
      0,
      '',
      expect.stringContaining('no whole scan of the last 30 days'),
    ]);
  });

  it('prune says what went, and forgets nothing with --dry-run', async () => {
    const would = await desk.run('history', 'prune', '--older-than', '90d', '--dry-run');
    expect(would.stdout).toBe(
      'would forget 1 scans with 2 reports of instances, 0 resolved findings, 0 delivered notifications\n',
    );
    const did = await desk.run('history', 'prune', '--keep', '2');
    expect(did.stdout).toContain('forgot 2 scans with 4 reports of instances');
    expect(did.stdout).toContain('VACUUM');
    expect(withStore((store) => store.listScans(9).map(({ id }) => id))).toEqual(['s3', 's2']);
    expect((await desk.run('history', 'prune')).code).toBe(2);
    expect((await desk.run('history', 'prune', '--keep', '1', '--older-than', '3d')).code).toBe(2);
    expect((await desk.run('history', 'prune', '--older-than', '3 months')).stderr).toContain('36h, 90d, 8w');
  });
});
