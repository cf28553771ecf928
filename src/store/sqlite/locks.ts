import type { LockRow, Locks } from '../../core/schedule.ts';
import type { Db } from './database.ts';

/** Locks of fleets. They are rows, so they hold for whoever shares the store, and outlive whoever is killed until somebody asks. */
export function locksOf(db: Db): Locks {
  return {
    take: (fleet, { holder, since, job }, alive) =>
      db
        .transaction(() => {
          const held = db
            .prepare<[string], LockRow>('SELECT holder, since, job FROM fleet_locks WHERE fleet = ?')
            .get(fleet);
          if (held && held.holder !== holder && alive(held.holder)) return held;
          db.prepare('INSERT OR REPLACE INTO fleet_locks (fleet, holder, since, job) VALUES (?, ?, ?, ?)').run(
            ...[fleet, holder, since, job],
          );
          return undefined;
        })
        .immediate(),
    beat: (holder, at) => {
      db.prepare('INSERT OR REPLACE INTO beats (holder, at) VALUES (?, ?)').run(holder, at);
    },
    lastBeat: (holder) => db.prepare<[string], string>('SELECT at FROM beats WHERE holder = ?').pluck().get(holder),
    release(fleet, holder) {
      db.prepare('DELETE FROM fleet_locks WHERE fleet = ? AND holder = ?').run(fleet, holder);
    },
  };
}
