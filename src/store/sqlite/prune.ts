import type { PruneAsk, Pruned } from '../../core/schedule.ts';
import type { Db } from './database.ts';

/** Ends a transaction whose work was only to be counted. */
class Counted extends Error {}

/** Forgets old scans and what only they tell of. One transaction: a reader sees all of it or nothing. */
export function prune(db: Db, ask: PruneAsk, dry: boolean): Pruned {
  const pruned: Pruned = { scans: 0, reports: 0, findings: 0, notifications: 0 };
  const newest = 'SELECT recorded FROM scans ORDER BY recorded DESC LIMIT';
  const doomed =
    'keep' in ask
      ? `SELECT recorded FROM scans WHERE recorded NOT IN (${newest} @keep)`
      : `SELECT recorded FROM scans WHERE started_at < @before AND recorded NOT IN (${newest} 1)`;
  const named = 'keep' in ask ? { keep: Math.max(1, ask.keep) } : { before: new Date(ask.before).toISOString() };
  const act = db.transaction(() => {
    pruned.reports = db
      .prepare(`SELECT count(*) FROM scan_reports WHERE scan IN (${doomed})`)
      .pluck()
      .get(named) as number;
    pruned.scans = db.prepare(`DELETE FROM scans WHERE recorded IN (${doomed})`).run(named).changes;
    // What was resolved within the scans that are left is a part of what they tell.
    const oldest = db.prepare('SELECT min(started_at) FROM scans').pluck().get() as string | null;
    const until = 'before' in named && (oldest === null || named.before < oldest) ? named.before : oldest;
    if (until !== null) {
      const before = new Date(until).toISOString(); // one form, so that order as text is order in time
      pruned.findings = db.prepare('DELETE FROM findings WHERE resolved_at < ?').run(before).changes;
      pruned.notifications = db.prepare(`DELETE FROM outbox WHERE state = 'sent' AND ended_at < ?`).run(before).changes;
    }
    if (dry) throw new Counted();
  });
  try {
    act.immediate();
  } catch (error) {
    if (!(error instanceof Counted)) throw error;
  }
  return pruned;
}
