import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadSchedules } from '../../src/app/scheduling/setup.ts';
import { ownMetrics } from '../../src/app/serving/metrics.ts';
import { schedulesSchema } from '../../src/schema/schedule.ts';
import { migrations } from '../../src/store/sqlite/migrations.ts';

const text = readFileSync(new URL('../../docs/schedules.md', import.meta.url), 'utf8');

it('the example of the documentation is valid', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'snowfence-docs-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, example = '']) => example);
  expect(examples).toHaveLength(1);
  writeFileSync(join(dir, 'fleet.yaml'), examples[0] ?? '');
  const { jobs } = await loadSchedules(join(dir, 'fleet.yaml'));
  expect(jobs.map(({ name }) => name)).toEqual(['nightly', 'hourly']);
});

it('every setting, every metric and the version of the database is in it', () => {
  for (const key of Object.keys(schedulesSchema.additionalProperties.properties)) expect(text).toContain(`\`${key}\``);
  const row = { job: 'a', settledAt: '', state: 'waiting', exit: 0 } as const;
  const time = '2026-05-01T00:00:00.000Z';
  const metrics = ownMetrics({
    ...{ startedAt: 0, version: '1', commit: '', configGood: true },
    standings: [{ job: 'a', state: 'waiting', nextAt: 1 }],
    rows: [{ ...row, startedAt: time, finishedAt: time }],
    runs: new Map([['a', { done: 1, failed: 0, aborted: 0 }]]),
    waiting: [{ sink: 's', waiting: 0, dead: 0 }],
  });
  const names = [...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(10);
  for (const name of names)
    expect(
      text.includes(`\`${name}`) ||
        text.includes(`..${name.replace(/^snowfence_serve_(last_run|notifications)/, '.')}`),
      name,
    ).toBe(true);
  expect(text).toContain(`since database version ${migrations.findIndex((sql) => sql.includes('scan_counts')) + 1}:`);
});
