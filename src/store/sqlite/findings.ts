import type { FindingRow, RememberedInstance } from '../../core/ports.ts';
import type { LookRow } from '../../core/store.ts';
import type { Db } from './database.ts';

/**
 * A finding that is seen: it keeps the time it was first seen, unless it had been resolved; then it begins anew. Scans
 * may be recorded in another order than they looked (two scanners, a slow network), so what an older look saw never
 * overrules a newer one: `@newer` is the start of a newer complete look at the instance, or null.
 */
const SEEN = `
  INSERT INTO findings (instance, identity, id, kind, change, subject, severity, disposition,
    first_seen, last_seen, resolved_at)
  VALUES (@instance, @identity, @id, @kind, @change, @subject, @severity, @disposition, @seen, @seen, @newer)
  ON CONFLICT DO UPDATE SET
    kind = excluded.kind, change = excluded.change, subject = excluded.subject,
    severity = iif(@seen >= last_seen, excluded.severity, severity),
    disposition = iif(@seen >= last_seen, excluded.disposition, disposition),
    first_seen = iif(resolved_at IS NOT NULL AND resolved_at <= @seen, @seen, min(first_seen, @seen)),
    last_seen = max(last_seen, @seen),
    resolved_at = iif(resolved_at IS NULL OR resolved_at > @seen, resolved_at, @newer)`;

/** Everything of this instance that this complete look, or a newer one, did not see is gone. */
const RESOLVE = `
  UPDATE findings SET resolved_at = @seen
  WHERE instance = @instance AND identity = @identity AND resolved_at IS NULL AND last_seen < @seen`;

const NEWER = `
  SELECT min(started_at) FROM scanned_instances
  WHERE instance = @instance AND identity = @identity AND complete = 1 AND started_at > @seen`;

const SCANNED = `
  INSERT OR REPLACE INTO scanned_instances (scan, instance, identity, verdict, score, complete, started_at)
  VALUES (@scan, @instance, @identity, @verdict, @score, @complete, @seen)`;

/** Brings the findings up to date with a scan. To be called inside the transaction of the scan. */
export function rememberFindings(
  db: Db,
  scan: number,
  startedAt: string,
  instances: Iterable<RememberedInstance>,
): void {
  const seen = new Date(startedAt).toISOString(); // one form, so that order as text is order in time
  const [seeing, resolving, newer, scanned] = [SEEN, RESOLVE, NEWER, SCANNED].map((sql) => db.prepare(sql)) as Four;
  for (const { id: instance, identity, verdict, score, complete, findings } of instances) {
    const key = { instance, identity, seen };
    const after = newer.pluck().get(key) as string | null;
    for (const finding of findings) seeing.run({ ...finding, ...key, newer: after });
    if (complete) resolving.run(key);
    scanned.run({ ...key, scan, verdict, score, complete: +complete });
  }
}

type Statement = ReturnType<Db['prepare']>;
type Four = [Statement, Statement, Statement, Statement];

/** When each live finding of an instance was first seen. */
export function firstSeen(db: Db, instance: string, identity: string): Map<string, string> {
  const rows = db
    .prepare<[string, string], [string, string]>(
      'SELECT id, first_seen FROM findings WHERE instance = ? AND identity = ? AND resolved_at IS NULL',
    )
    .raw()
    .all(instance, identity) as [string, string][];
  return new Map(rows);
}

/** Findings ever seen of an instance, newest first. */
export function listFindings(db: Db, instance: string): FindingRow[] {
  return db
    .prepare<[string], FindingRow>(
      `SELECT id, instance, kind, change, subject, severity, disposition,
         first_seen AS firstSeenAt, last_seen AS lastSeenAt
       FROM findings WHERE instance = ? ORDER BY last_seen DESC, first_seen DESC, id`,
    )
    .all(instance);
}

const LOOKS = `
  SELECT started_at AS startedAt, verdict, score, complete, (
    SELECT count(*) FROM findings AS f
    WHERE f.instance = l.instance AND f.identity = l.identity
      AND f.first_seen <= l.started_at AND f.last_seen >= l.started_at) AS live
  FROM scanned_instances AS l WHERE instance = ? ORDER BY started_at DESC, scan DESC LIMIT ?`;

/** The last looks at an instance, newest first. */
export function listLooks(db: Db, instance: string, limit: number): LookRow[] {
  return db
    .prepare<[string, number], Omit<LookRow, 'complete'> & { complete: number }>(LOOKS)
    .all(instance, limit)
    .map((row) => ({ ...row, complete: row.complete !== 0 }));
}
