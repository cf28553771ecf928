import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { sqlite } from '../../../src/store/sqlite/store.ts';
import { scratch } from '../make.ts';

interface Writer {
  child: ChildProcess;
  /** Ids that it said were recorded, and how it ended. */
  ended: Promise<{ ids: string[]; how: string; errors: string }>;
}

function start(path: string, name: string, count: number): Writer {
  const script = fileURLToPath(new URL('./writer.ts', import.meta.url));
  const args = ['--experimental-strip-types', '--no-warnings', script, path, name, String(count)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = new Promise<Awaited<Writer['ended']>>((done) =>
    child.on('close', (code, signal) =>
      done({ ids: output.split('\n').slice(0, -1), how: signal ?? String(code), errors }),
    ),
  );
  return { child, ended };
}

/** What SQLite itself says of the file. */
function integrity(path: string): unknown {
  const db = new Database(path);
  try {
    return [db.pragma('integrity_check', { simple: true }), db.pragma('foreign_key_check')];
  } finally {
    db.close();
  }
}

it('several processes make the file and write at once: nothing is lost', { timeout: 120_000 }, async () => {
  const path = await scratch();
  const names = ['a', 'b', 'c', 'd'];
  const scans = 25;
  const ends = await Promise.all(names.map((name) => start(path, name, scans).ended));
  for (const end of ends) expect(end).toMatchObject({ how: '0', errors: '' });
  expect(integrity(path)).toEqual(['ok', []]);
  const store = sqlite.open(path);
  const expected = names.flatMap((name) => Array.from({ length: scans }, (_, n) => `${name}-${n}`));
  expect(
    store
      .listScans(1000)
      .map(({ id }) => id)
      .sort(),
  ).toEqual(expected.sort());
  for (const id of expected) expect(JSON.parse(store.findScan(id)?.head ?? '').id).toBe(id);
  expect(store.listFindings('shared')).toHaveLength(names.length * scans * 20);
  store.close();
});

it('processes killed in the middle of writing lose nothing that they answered', { timeout: 120_000 }, async () => {
  const path = await scratch();
  const answered: string[] = [];
  for (let round = 0; round < 6; round++) {
    const writers = ['x', 'y'].map((name) => start(path, `${name}${round}`, 100_000));
    // Not before both write; then at any moment of it.
    await Promise.all(writers.map(({ child }) => new Promise((first) => child.stdout?.once('data', first))));
    await sleep(20 + Math.random() * 150);
    for (const { child } of writers) child.kill('SIGKILL');
    const ends = await Promise.all(writers.map(({ ended }) => ended));
    expect(ends.map(({ how }) => how)).toEqual(['SIGKILL', 'SIGKILL']);
    answered.push(...ends.flatMap(({ ids }) => ids));
    expect(integrity(path)).toEqual(['ok', []]);
  }
  const store = sqlite.open(path);
  const recorded = new Set(store.listScans(1_000_000).map(({ id }) => id));
  expect(answered.filter((id) => !recorded.has(id))).toEqual([]);
  // A kill between recording and answering may leave one more of each writer, and no more.
  expect(recorded.size).toBeLessThanOrEqual(answered.length + 12);
  const last = store.findScan('last');
  expect(JSON.parse(last?.head ?? '').id).toBe(last?.row.id);
  expect(store.listFindings('shared')).toHaveLength(recorded.size * 20);
  store.close();
});
