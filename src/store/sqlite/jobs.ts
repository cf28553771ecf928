import type { JobBook, JobRow } from '../../core/schedule.ts';
import type { Db } from './database.ts';

const COLUMNS = `job, settled_at AS settledAt, state, slot, started_at AS startedAt, finished_at AS finishedAt, scan, exit, holder`;

const KNOW = `
  INSERT INTO jobs (fleet, job, timetable, settled_at) VALUES (@fleet, @job, @timetable, @at)
  ON CONFLICT DO UPDATE SET timetable = excluded.timetable, settled_at = max(settled_at, excluded.settled_at)
    WHERE timetable <> excluded.timetable`;

const BEGIN = `
  UPDATE jobs SET state = 'running', slot = @slot, holder = @holder, started_at = @at, finished_at = NULL, scan = NULL, exit = NULL
  WHERE fleet = @fleet AND job = @job`;

const END = `
  UPDATE jobs SET state = 'waiting', finished_at = @at, exit = @exit, holder = NULL, settled_at = coalesce(@settledAt, settled_at)
  WHERE fleet = @fleet AND job = @job AND holder = @holder`;

/** Jobs and their last runs. */
export function jobsOf(db: Db): JobBook {
  const find = db.prepare<[string, string], Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM jobs WHERE fleet = ? AND job = ?`,
  );
  const known = (fleet: string, job: string) => {
    const row = find.get(fleet, job);
    return row && rowOf(row);
  };
  return {
    know(fleet, job, timetable, at) {
      db.prepare(KNOW).run({ fleet, job, timetable, at });
      return known(fleet, job) ?? { job, settledAt: at, state: 'waiting' };
    },
    begin: (fleet, job, { slot, holder, at }, alive) =>
      db
        .transaction(() => {
          const row = known(fleet, job);
          if (!row) return false;
          if (row.state === 'running' && row.holder !== undefined && alive(row.holder)) return false;
          if (row.settledAt >= slot) return false;
          db.prepare(BEGIN).run({ fleet, job, slot, holder, at });
          return true;
        })
        .immediate(),
    scanning(fleet, job, holder, scan) {
      db.prepare('UPDATE jobs SET scan = ? WHERE fleet = ? AND job = ? AND holder = ?').run(scan, fleet, job, holder);
    },
    end(fleet, job, holder, { at, exit, settledAt }) {
      db.prepare(END).run({ fleet, job, holder, at, exit: exit ?? null, settledAt: settledAt ?? null });
    },
    settle(fleet, job, at) {
      db.prepare('UPDATE jobs SET settled_at = ? WHERE fleet = ? AND job = ?').run(at, fleet, job);
    },
    list: (fleet) =>
      db
        .prepare<[string], Record<string, unknown>>(`SELECT ${COLUMNS} FROM jobs WHERE fleet = ? ORDER BY job`)
        .all(fleet)
        .map(rowOf),
  };
}

function rowOf(row: Record<string, unknown>): JobRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as JobRow;
}
