import { gunzipSync, gzipSync } from 'node:zlib';
import { UserError } from '../../core/errors.ts';
import type { MakeOutgoing } from '../../core/notify.ts';
import type { RememberedInstance, ScanRow, StoredScan } from '../../core/ports.ts';
import { counting } from './counts.ts';
import type { Db } from './database.ts';
import { rememberFindings } from './findings.ts';
import { keepOutgoing } from './outbox.ts';

type KnownScan = Omit<ScanRow, 'partial'> & { recorded: number; partial: number };

const COLUMNS = `recorded, id, started_at AS startedAt, finished_at AS finishedAt, instances, findings, worst, partial`;

/**
 * Records a scan in one transaction. The same scan given twice (a retry after an answer that got lost) is recorded once.
 * @throws UserError when another report was recorded under its id.
 */
export function addScan(
  db: Db,
  row: ScanRow,
  head: string,
  instances: Iterable<RememberedInstance>,
  outgoing?: MakeOutgoing,
): void {
  const record = db.transaction(() => {
    if (isRecorded(db, row.id, head, instances)) return;
    const { lastInsertRowid } = db
      .prepare(
        `INSERT INTO scans (id, started_at, finished_at, instances, findings, worst, partial, report)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(row.id, row.startedAt, row.finishedAt, row.instances, row.findings, row.worst, +row.partial, pack(head));
    const scan = Number(lastInsertRowid);
    const { going, keep } = counting(db, scan, keeping(db, scan, instances));
    rememberFindings(db, scan, row.startedAt, going);
    keep();
    if (outgoing) keepOutgoing(db, row.startedAt, outgoing);
  });
  // IMMEDIATE: the lock is taken before the first read, so that it can be waited for. A transaction that begins with
  // reading and then wants to write fails at once when somebody wrote in between.
  record.immediate();
}

/** Records the report of each instance as it goes by. */
function* keeping(db: Db, scan: number, instances: Iterable<RememberedInstance>): Iterable<RememberedInstance> {
  const insert = db.prepare('INSERT INTO scan_reports (scan, position, report) VALUES (?, ?, ?)');
  let position = 0;
  for (const instance of instances) {
    insert.run(scan, position++, pack(instance.report));
    yield instance;
  }
}

function isRecorded(db: Db, id: string, head: string, instances: Iterable<RememberedInstance>): boolean {
  const known = db.prepare<[string], KnownScan>(`SELECT ${COLUMNS} FROM scans WHERE id = ?`).get(id);
  if (!known) return false;
  const stored = storedScan(db, known);
  const same =
    stored.head === head && [...stored.instances].join('\n') === Array.from(instances, (one) => one.report).join('\n');
  if (same) return true;
  throw new UserError(`another scan was recorded with the id ${id}`);
}

const pack = (text: string) => gzipSync(text, { level: 1 });
const unpack = (bytes: Buffer) => gunzipSync(bytes).toString('utf8');

/** Newest first. */
export function listScans(db: Db, limit: number): ScanRow[] {
  return db
    .prepare<[number], KnownScan>(`SELECT ${COLUMNS} FROM scans ORDER BY recorded DESC LIMIT ?`)
    .all(limit)
    .map(rowOf);
}

/** By id, the beginning of an id, `last` or `last~N`. @throws UserError when a beginning fits several. */
export function findScan(db: Db, asked: string): StoredScan | undefined {
  const found = lookUp(db, asked);
  return found && storedScan(db, found);
}

function storedScan(db: Db, found: KnownScan): StoredScan {
  const scan = found.recorded;
  const head = db.prepare('SELECT report FROM scans WHERE recorded = ?').pluck().get(scan) as Buffer;
  const length = db.prepare('SELECT count(*) FROM scan_reports WHERE scan = ?').pluck().get(scan) as number;
  const one = db.prepare('SELECT report FROM scan_reports WHERE scan = ? AND position = ?').pluck();
  return {
    row: rowOf(found),
    head: unpack(head),
    instances: {
      length,
      // One by one: an open cursor would keep everybody else from the connection.
      *[Symbol.iterator]() {
        for (let position = 0; position < length; position++) yield unpack(one.get(scan, position) as Buffer);
      },
    },
  };
}

function lookUp(db: Db, asked: string): KnownScan | undefined {
  const exact = db.prepare<[string], KnownScan>(`SELECT ${COLUMNS} FROM scans WHERE id = ?`).get(asked);
  if (exact || asked === '') return exact;
  const [, back] = /^last(?:~(\d{1,9}))?$/.exec(asked) ?? [];
  if (asked === 'last' || back !== undefined) {
    return db
      .prepare<[number], KnownScan>(`SELECT ${COLUMNS} FROM scans ORDER BY recorded DESC LIMIT 1 OFFSET ?`)
      .get(Number(back ?? 0));
  }
  const fits = db
    .prepare<[string, string], KnownScan>(
      `SELECT ${COLUMNS} FROM scans WHERE substr(id, 1, length(?)) = ? ORDER BY recorded DESC LIMIT 11`,
    )
    .all(asked, asked);
  if (fits.length < 2) return fits[0];
  const list = fits.slice(0, 10).map(({ id, startedAt }) => `  ${id} (${startedAt})`);
  const more = fits.length > 10 ? ['  and more'] : [];
  throw new UserError(`several scans begin with ${asked}`, ['give more of the id:', ...list, ...more].join('\n'));
}

function rowOf({ recorded: _, partial, ...row }: KnownScan): ScanRow {
  return { ...row, partial: partial !== 0 };
}
