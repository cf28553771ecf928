import { gunzipSync, gzipSync } from 'node:zlib';
import { UserError } from '../../core/errors.ts';
import type { RememberedInstance, ScanRow } from '../../core/ports.ts';
import type { Db } from './database.ts';
import { rememberFindings } from './findings.ts';

type StoredScan = Omit<ScanRow, 'partial'> & { recorded: number; partial: number };

const COLUMNS = `recorded, id, started_at AS startedAt, finished_at AS finishedAt, instances, findings, worst, partial`;

/**
 * Records a scan in one transaction. The same scan given twice (a retry after an answer that got lost) is recorded once.
 * @throws UserError when another report was recorded under its id.
 */
export function addScan(db: Db, row: ScanRow, reportJson: string, instances: RememberedInstance[]): void {
  const report = gzipSync(reportJson, { level: 1 });
  const record = db.transaction(() => {
    if (isRecorded(db, row.id, reportJson)) return;
    const { lastInsertRowid: scan } = db
      .prepare(
        `INSERT INTO scans (id, started_at, finished_at, instances, findings, worst, partial, report)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(row.id, row.startedAt, row.finishedAt, row.instances, row.findings, row.worst, +row.partial, report);
    rememberFindings(db, Number(scan), row.startedAt, instances);
  });
  // IMMEDIATE: the lock is taken before the first read, so that it can be waited for. A transaction that begins with
  // reading and then wants to write fails at once when somebody wrote in between.
  record.immediate();
}

function isRecorded(db: Db, id: string, reportJson: string): boolean {
  const known = db.prepare<[string], Buffer>('SELECT report FROM scans WHERE id = ?').pluck().get(id) as
    | Buffer
    | undefined;
  if (!known) return false;
  if (gunzipSync(known).toString('utf8') === reportJson) return true;
  throw new UserError(`another scan was recorded with the id ${id}`);
}

/** Newest first. */
export function listScans(db: Db, limit: number): ScanRow[] {
  return db
    .prepare<[number], StoredScan>(`SELECT ${COLUMNS} FROM scans ORDER BY recorded DESC LIMIT ?`)
    .all(limit)
    .map(rowOf);
}

/** By id, the beginning of an id, `last` or `last~N`. @throws UserError when a beginning fits several. */
export function findScan(db: Db, asked: string): { row: ScanRow; reportJson: string } | undefined {
  const found = lookUp(db, asked);
  if (!found) return undefined;
  const { report } = db.prepare('SELECT report FROM scans WHERE recorded = ?').get(found.recorded) as {
    report: Buffer;
  };
  return { row: rowOf(found), reportJson: gunzipSync(report).toString('utf8') };
}

function lookUp(db: Db, asked: string): StoredScan | undefined {
  const exact = db.prepare<[string], StoredScan>(`SELECT ${COLUMNS} FROM scans WHERE id = ?`).get(asked);
  if (exact || asked === '') return exact;
  const [, back] = /^last(?:~(\d{1,9}))?$/.exec(asked) ?? [];
  if (asked === 'last' || back !== undefined) {
    return db
      .prepare<[number], StoredScan>(`SELECT ${COLUMNS} FROM scans ORDER BY recorded DESC LIMIT 1 OFFSET ?`)
      .get(Number(back ?? 0));
  }
  const fits = db
    .prepare<[string, string], StoredScan>(
      `SELECT ${COLUMNS} FROM scans WHERE substr(id, 1, length(?)) = ? ORDER BY recorded DESC LIMIT 11`,
    )
    .all(asked, asked);
  if (fits.length < 2) return fits[0];
  const list = fits.slice(0, 10).map(({ id, startedAt }) => `  ${id} (${startedAt})`);
  const more = fits.length > 10 ? ['  and more'] : [];
  throw new UserError(`several scans begin with ${asked}`, ['give more of the id:', ...list, ...more].join('\n'));
}

function rowOf({ recorded: _, partial, ...row }: StoredScan): ScanRow {
  return { ...row, partial: partial !== 0 };
}
