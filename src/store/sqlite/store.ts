import type { Store, StoreProvider } from '../../core/ports.ts';
import { findBaseline, keepBaseline } from './baselines.ts';
import { trend } from './counts.ts';
import { guard, openDatabase } from './database.ts';
import { firstSeen, listFindings, listLooks } from './findings.ts';
import { jobsOf } from './jobs.ts';
import { journalOf } from './journal.ts';
import { locksOf } from './locks.ts';
import { addManifest, findManifest, listManifests } from './manifests.ts';
import { outboxOf } from './outbox.ts';
import { prune } from './prune.ts';
import { addScan, findScan, listScans } from './scans.ts';

/** The store in one SQLite file. Several processes may have it open and write at once. */
export const sqlite: StoreProvider = {
  open(path) {
    const db = openDatabase(path);
    const store: Store = {
      addManifest: (encoded, manifest, addedAt) => addManifest(db, encoded, manifest, addedAt),
      findManifest: (refOrDigest) => findManifest(db, refOrDigest),
      listManifests: () => listManifests(db),
      keepBaseline: (row) => keepBaseline(db, row),
      findBaseline: (instance) => findBaseline(db, instance),
      firstSeen: (instance, identity) => firstSeen(db, instance, identity),
      addScan: (row, reportJson, instances, outgoing) => addScan(db, row, reportJson, instances, outgoing),
      listScans: (limit) => listScans(db, limit),
      findScan: (id) => findScan(db, id),
      listFindings: (instance) => listFindings(db, instance),
      listLooks: (instance, limit) => listLooks(db, instance, limit),
      journal: guarded(journalOf(db), path),
      outbox: guarded(outboxOf(db), path),
      jobs: guarded(jobsOf(db), path),
      locks: guarded(locksOf(db), path),
      prune: (ask, dry) => prune(db, ask, dry),
      trend: (ask) => trend(db, ask),
      // Taking the lock of a writer is refused by a file or a disk that is read-only.
      probe: () => db.transaction(() => {}).immediate(),
      close: () => db.close(),
    };
    return guarded(store, path);
  },
};

/** The same calls, each of which says which file failed when the file or the disk does. */
function guarded<T extends object>(calls: T, path: string): T {
  const all = Object.entries(calls).map(([name, call]) => [
    name,
    typeof call === 'function' ? (...args: unknown[]) => guard(path, () => call(...args)) : call,
  ]);
  return Object.fromEntries(all) as T;
}
