import type { OwnedFiles } from './owned.ts';
import { parseRpm, parseRpmFiles, type RpmPackages } from './rpm.ts';
import { linesOfHeader, parseRpmHeader } from './rpm-header.ts';
import { readSqliteTable } from './sqlite-table.ts';

/** More files than any system has packaged: what says so is no database of rpm. */
const maxFiles = 5_000_000;

/**
 * `rpmdb.sqlite` as bytes to the facts that the `rpm` command gives on an instance: table `Packages`, one header a row
 * (rpm's lib/backend/sqlite.c). Undefined when anything of it cannot be read.
 */
export function readRpmDatabase(bytes: Buffer): (RpmPackages & OwnedFiles) | undefined {
  const rows = readSqliteTable(bytes, 'Packages');
  if (!rows) return undefined;
  const packages: string[] = [];
  const files: string[] = [];
  for (const [, blob] of rows) {
    const header = Buffer.isBuffer(blob) ? parseRpmHeader(blob) : undefined;
    if (!header) return undefined;
    const lines = linesOfHeader(header);
    packages.push(lines.package);
    for (const line of lines.files) files.push(line);
    if (files.length > maxFiles) return undefined;
  }
  return { ...parseRpm(packages.join('\n')), ...parseRpmFiles(files.join('\n')) };
}
