import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UserError } from '../../../src/core/errors.ts';
import { migrations } from '../../../src/store/sqlite/migrations.ts';
import { sqlite } from '../../../src/store/sqlite/store.ts';
import { day, scan, scratch } from '../make.ts';

function refusal(path: string): string {
  try {
    sqlite.open(path).close();
  } catch (error) {
    return error instanceof UserError ? error.message : `not a UserError: ${error}`;
  }
  return 'opened';
}

/** Opens the file as another program would. */
function raw(path: string): Database.Database {
  const db = new Database(path);
  onTestFinished(() => void db.close());
  return db;
}

it('makes the file and its directory for the owner alone', async () => {
  const path = join(dirname(await scratch()), 'a/b/store.db');
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  const store = sqlite.open(path);
  store.addScan(scan('a', day(1)), '{}', []);
  const modes = [dirname(dirname(path)), dirname(path), path, `${path}-wal`].map((file) => statSync(file).mode & 0o777);
  expect(modes).toEqual([0o700, 0o700, 0o600, 0o600]);
  store.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
});

it('leaves the mode of a file that is there', async () => {
  const path = await scratch();
  sqlite.open(path).close();
  chmodSync(path, 0o640);
  sqlite.open(path).close();
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

it('writes ahead, to the disk, with foreign keys checked', async () => {
  const { openDatabase } = await import('../../../src/store/sqlite/database.ts');
  const db = openDatabase(await scratch());
  const settings = ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout'].map((name) =>
    db.pragma(name, { simple: true }),
  );
  expect(settings).toEqual(['wal', 2, 1, 10_000]);
  db.close();
});

describe('refuses, naming the file,', () => {
  it('what is no database, and leaves it as it is', async () => {
    const path = await scratch('notes.txt');
    for (const text of ['x', 'these are my notes, not a database\n'.repeat(200)]) {
      writeFileSync(path, text);
      expect(refusal(path)).toBe(`${path} is not an SQLite database`);
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
  });

  it('a database of another program', async () => {
    const path = await scratch();
    raw(path).exec('CREATE TABLE cookies (name)');
    expect(refusal(path)).toBe(`${path} is a database of another program`);
    const marked = await scratch('marked.db');
    raw(marked).pragma('application_id = 42');
    expect(refusal(marked)).toBe(`${marked} is a database of another program`);
  });

  it('a database of a newer version, with both versions', async () => {
    const path = await scratch();
    sqlite.open(path).close();
    raw(path).pragma('user_version = 99');
    expect(refusal(path)).toBe(
      `${path} is of database version 99, and this snowfence knows versions up to ${migrations.length}`,
    );
  });

  it('a directory, and a path through a file', async () => {
    const path = await scratch();
    mkdirSync(path);
    expect(refusal(path)).toBe(`${path} is a directory`);
    const file = await scratch('file');
    writeFileSync(file, '');
    expect(refusal(join(file, 'store.db'))).toContain('a part of its path is a file');
    expect(refusal(join(file, 'x/store.db'))).toContain('a part of its path is a file');
    // Node's recursive mkdir turns there for ever.
    expect(refusal('/proc/nope/x/store.db')).toContain('cannot make the directory /proc/nope');
  });

  it('a damaged one, when the damage is met', async () => {
    const path = await scratch();
    const store = sqlite.open(path);
    for (let i = 0; i < 50; i++) store.addScan(scan(`scan-${i}`, day(i)), JSON.stringify({ i }), []);
    store.close();
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 4096);
    writeFileSync(path, bytes);
    // Where it is met depends on how far the schema reaches.
    expect(() => {
      const damaged = sqlite.open(path);
      onTestFinished(() => damaged.close());
      damaged.listScans(10);
    }).toThrow(`${path} is damaged`);
  });
});

it('a migration that fails leaves nothing behind', async () => {
  const path = await scratch();
  const { openDatabase } = await import('../../../src/store/sqlite/database.ts');
  const broken = migrations as string[];
  broken.push('CREATE TABLE half (x); CREATE TABLE half (x)');
  try {
    expect(() => openDatabase(path)).toThrow(/half already exists/);
  } finally {
    broken.pop();
  }
  const db = raw(path);
  expect(db.pragma('user_version', { simple: true })).toBe(migrations.length);
  expect(db.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").all()).toEqual([]);
});
