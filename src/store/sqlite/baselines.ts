import type { BaselineRow } from '../../core/ports.ts';
import type { Db } from './database.ts';

/** Keeps the newest reading of an instance. */
export function keepBaseline(db: Db, { instance, identity, manifest, recordedAt, files }: BaselineRow): void {
  db.prepare(
    `INSERT OR REPLACE INTO baselines (instance, identity, manifest, recorded_at, files) VALUES (?, ?, ?, ?, ?)`,
  ).run(instance, identity, manifest, recordedAt, files);
}

/** What was last read of an instance. */
export function findBaseline(db: Db, instance: string): BaselineRow | undefined {
  return db
    .prepare<[string], BaselineRow>(
      'SELECT instance, identity, manifest, recorded_at AS recordedAt, files FROM baselines WHERE instance = ?',
    )
    .get(instance);
}
