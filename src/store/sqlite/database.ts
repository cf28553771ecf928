import { closeSync, existsSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { messageOf, UserError } from '../../core/errors.ts';
import { APPLICATION_ID, migrations } from './migrations.ts';

export type Db = Database.Database;

/** How long to wait for another process that is writing, milliseconds. A scan of 1000 instances with 500 findings each is written in 4 s. */
const BUSY_MS = 10_000;

/** What every SQLite file begins with (sqlite.org/fileformat2.html, 1.3.1). */
const HEADER = 'SQLite format 3\0';

/**
 * Opens the database, making and migrating it as needed.
 * @throws UserError naming the file when it is not ours, of a newer version, or cannot be opened.
 */
export function openDatabase(path: string): Db {
  return guard(path, () => {
    makeFile(path);
    const db = new Database(path, { timeout: BUSY_MS });
    try {
      checkOwner(db, path);
      configure(db);
      migrate(db, path);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** Like mkdir -p. Node's own turns for ever where a parent exists and nothing can be made in it, as below /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  const above = dirname(path);
  if (above !== path) makeDirectory(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT') throw error;
    throw new UserError(`cannot make the directory ${path}: ${messageOf(error)}`, 'choose another file for the store', {
      cause: error,
    });
  }
}

/** What is remembered tells an attacker where to look: only the owner may. Existing files keep the mode they have. */
function makeFile(path: string): void {
  makeDirectory(dirname(path));
  const file = openSync(path, 'a+', 0o600);
  try {
    // SQLite itself takes a file of a few bytes for an empty database, and writes over it.
    const start = Buffer.alloc(HEADER.length);
    const length = readSync(file, start, 0, start.length, 0);
    if (length > 0 && start.toString('latin1') !== HEADER) {
      throw new UserError(`${path} is not an SQLite database`, 'choose another file for the store');
    }
  } finally {
    closeSync(file);
  }
}

function configure(db: Db): void {
  // In WAL mode readers do not wait for a writer. Switching to it needs the file alone, and does not use the timeout.
  retryBusy(() => {
    if (db.pragma('journal_mode', { simple: true }) !== 'wal') db.pragma('journal_mode = WAL');
  });
  // FULL: what was answered as recorded is there after a power cut. NORMAL would keep the file sound but may forget the
  // last scans, and with a handful of commits a night there is nothing to save.
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
}

function checkOwner(db: Db, path: string): void {
  // One snapshot: between the two questions another process may make the tables.
  const foreign = db.transaction(() => {
    const owner = db.pragma('application_id', { simple: true });
    const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
    return owner !== APPLICATION_ID && (owner !== 0 || tables !== 0);
  });
  if (foreign()) throw new UserError(`${path} is a database of another program`, 'choose another file for the store');
}

function migrate(db: Db, path: string): void {
  const version = () => db.pragma('user_version', { simple: true }) as number;
  const step = db.transaction(() => {
    const from = version(); // again, inside: another process may have been first
    const sql = migrations[from];
    if (sql === undefined) return;
    db.exec(sql);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${from + 1}`);
  });
  while (version() < migrations.length) step.immediate();
  if (version() > migrations.length) {
    throw new UserError(
      `${path} is of database version ${version()}, and this snowfence knows versions up to ${migrations.length}`,
      'use the newer snowfence that wrote it, or another file',
    );
  }
}

function retryBusy(act: () => void): void {
  const end = Date.now() + BUSY_MS;
  for (;;) {
    try {
      act();
      return;
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_BUSY' || Date.now() > end) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

const reasons: Record<string, [message: string, hint?: string]> = {
  SQLITE_NOTADB: ['is not an SQLite database', 'choose another file for the store'],
  SQLITE_CORRUPT: ['is damaged', 'keep a copy; `sqlite3 FILE .recover` may save what is in it'],
  SQLITE_BUSY: [`is kept busy by another process (waited ${BUSY_MS / 1000} s)`],
  SQLITE_FULL: ['cannot grow: the disk is full'],
  SQLITE_READONLY: ['cannot be written'],
  SQLITE_CANTOPEN: ['cannot be opened'],
  EACCES: ['cannot be opened: permission denied'],
  EROFS: ['cannot be written: the file system is read-only'],
  EISDIR: ['is a directory'],
  ENOTDIR: ['cannot be made: a part of its path is a file'],
  EEXIST: ['cannot be made: a part of its path is a file'],
};

/** Runs, and turns what the file or the disk refuses into a UserError naming the file. */
export function guard<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const code = codeOf(error);
    // Extended codes (SQLITE_READONLY_DIRECTORY) begin with the one they belong to.
    const found = Object.entries(reasons).find(([known]) => code === known || code.startsWith(`${known}_`));
    if (!found && !code.startsWith('SQLITE_IOERR')) throw error;
    const [message, hint = ''] = found?.[1] ?? [`cannot be read or written (${messageOf(error)})`];
    throw new UserError(`${path} ${message}`, hint, { cause: error });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
