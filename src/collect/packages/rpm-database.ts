import { isBdb, readBdb } from './bdb.ts';
import { isNdb, readNdb } from './ndb.ts';
import type { OwnedFiles } from './owned.ts';
import { parseRpm, parseRpmFiles, type RpmPackages } from './rpm.ts';
import { headerBudget, linesOfHeader, parseRpmHeader } from './rpm-header.ts';
import { readSqliteTable } from './sqlite-table.ts';
import { Unread } from './unread.ts';

/** More files than any system has packaged: what says so is no database of rpm. */
const maxFiles = 5_000_000;

/** What a database says, or why it cannot be read, as a sentence for a person. */
export type RpmDatabase = { facts: RpmPackages & OwnedFiles } | { why: string };

/**
 * A database of rpm as bytes, in any of its formats, to the facts that the `rpm` command gives on an instance: each is a
 * list of headers (rpm's lib/backend: sqlite.c, ndb/rpmpkg.c, bdb_ro.c). All of it or nothing.
 */
export function readRpmDatabase(bytes: Buffer): RpmDatabase {
  try {
    return { facts: factsOf(headersIn(bytes)) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { why: error instanceof Unread ? error.message : 'it is cut or damaged' };
  }
}

function headersIn(bytes: Buffer): Buffer[] {
  if (isNdb(bytes)) return readNdb(bytes);
  if (isBdb(bytes)) return readBdb(bytes);
  const rows = readSqliteTable(bytes, 'Packages');
  if (rows) return rows.map(([, blob]) => (Buffer.isBuffer(blob) ? blob : Buffer.alloc(0)));
  throw new Unread('it is cut or damaged, or of a format that is not known (known are sqlite, ndb, bdb)');
}

function factsOf(headers: Buffer[]): RpmPackages & OwnedFiles {
  const packages: string[] = [];
  const files: string[] = [];
  const budget = headerBudget();
  for (const blob of headers) {
    const header = parseRpmHeader(blob, budget);
    if (budget.values < 0 || budget.characters < 0) throw new Unread('it holds more than any system has');
    if (!header) throw new Unread('it is damaged: one of its packages has no header of rpm');
    const lines = linesOfHeader(header);
    packages.push(lines.package);
    for (const line of lines.files) files.push(line);
    if (files.length > maxFiles) throw new Unread(`it names more than ${maxFiles} files`);
  }
  return { ...parseRpm(packages.join('\n')), ...parseRpmFiles(files.join('\n')) };
}
