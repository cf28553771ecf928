import { UserError } from '../../core/errors.ts';
import type { Journal, JournalRow, ReplacePlan, RunRow } from '../../core/replacement.ts';
import type { Db } from './database.ts';

interface StoredRun extends Omit<RunRow, 'finishedAt'> {
  finishedAt: string | null;
  holder: string;
  plan: string;
}

const RUN = `SELECT id, plan_digest AS planDigest, started_at AS startedAt, finished_at AS finishedAt, state, says, holder, plan
  FROM replace_runs`;

/**
 * The journal of replacements. Each call is one transaction, on the disk when it returns (synchronous = FULL), so that what a
 * killed process had begun is known.
 */
export function journalOf(db: Db): Journal {
  const one = (where: string, ...args: unknown[]) =>
    db.prepare(`${RUN} ${where}`).get(...args) as StoredRun | undefined;
  const begin = db.transaction(
    (run: RunRow, plan: ReplacePlan, holder: string, alive: (holder: string) => boolean): void => {
      const before = one('WHERE plan_digest = ?', run.planDigest);
      if (before)
        throw new UserError(
          `this plan was begun already, as the run ${before.id} (${before.state})`,
          before.state === 'running'
            ? `"snowfence replace resume ${before.id.slice(0, 8)}" goes on with it`
            : 'plan again',
        );
      const groups = [...new Set(plan.items.map(({ group }) => group))];
      for (const group of groups) {
        const other = one('WHERE id = (SELECT run FROM replace_locks WHERE group_name = ?)', group);
        if (other)
          throw new UserError(
            `the group "${group}" is held by the run ${other.id} (${alive(other.holder) ? `working in ${other.holder}` : 'its process is gone'})`,
            alive(other.holder)
              ? 'wait until it has ended: "snowfence replace status" shows how far it is'
              : `"snowfence replace resume ${other.id.slice(0, 8)}" finishes it, "snowfence replace abort ${other.id.slice(0, 8)}" gives it up`,
          );
      }
      db.prepare('INSERT INTO replace_runs VALUES (?, ?, ?, NULL, ?, ?, ?, ?)').run(
        ...[run.id, run.planDigest, run.startedAt, run.state, run.says, holder, JSON.stringify(plan)],
      );
      for (const group of groups) db.prepare('INSERT INTO replace_locks VALUES (?, ?)').run(group, run.id);
    },
  );
  const takeOver = db.transaction((id: string, holder: string, alive: (holder: string) => boolean): void => {
    const run = one('WHERE id = ?', id);
    if (!run) throw new UserError(`there is no run "${id}"`, '"snowfence replace status" lists them');
    if (run.state !== 'running')
      throw new UserError(`the run ${id} has ended (${run.state}): ${run.says}`, 'make a new plan for what is left');
    if (run.holder !== holder && alive(run.holder))
      throw new UserError(`the run ${id} is working in ${run.holder}`, 'wait for it, or end that process first');
    db.prepare('UPDATE replace_runs SET holder = ? WHERE id = ?').run(holder, id);
  });
  const end = db.transaction((id: string, state: string, says: string, at: string): void => {
    // One that was aborted from outside stays aborted, and says also how far it had come.
    db.prepare(
      `UPDATE replace_runs SET finished_at = @at, says = @says, state = iif(state = 'running', @state, state) WHERE id = @id`,
    ).run({ id, state, says, at });
    db.prepare('DELETE FROM replace_locks WHERE run = ?').run(id);
  });
  const abort = db.transaction((id: string, says: string, at: string, alive: (holder: string) => boolean): void => {
    const run = one('WHERE id = ?', id);
    if (run?.state !== 'running')
      throw new UserError(
        run ? `the run ${id} has ended (${run.state}): ${run.says}` : `there is no run "${id}"`,
        '"snowfence replace status" lists them',
      );
    db.prepare(`UPDATE replace_runs SET state = 'aborted', says = ? WHERE id = ?`).run(says, id);
    if (!alive(run.holder)) end(id, 'aborted', says, at);
  });
  const write = db.transaction(({ run, instance, step, state, at, data }: Omit<JournalRow, 'row'>): void => {
    const plan = JSON.parse(one('WHERE id = ?', run)?.plan ?? '{"items":[]}') as ReplacePlan;
    const group = plan.items.find((item) => item.instance === instance)?.group ?? '';
    db.prepare(
      'INSERT INTO replace_journal (run, instance, group_name, step, state, at, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ).run(...[run, instance, group, step, state, at, JSON.stringify(data)]);
  });
  return {
    begin: (run, plan, holder, alive) => begin.immediate(run, plan, holder, alive),
    takeOver: (id, holder, alive) => takeOver.immediate(id, holder, alive),
    abort: (id, says, at, alive) => abort.immediate(id, says, at, alive),
    write: (row) => write.immediate(row),
    end: (id, state, says, at) => end.immediate(id, state, says, at),
    find(id) {
      const run =
        id === 'last'
          ? one('ORDER BY started_at DESC, rowid DESC LIMIT 1')
          : (one('WHERE id = ?', id) ?? unique(db.prepare(`${RUN} WHERE substr(id, 1, ?) = ?`).all(id.length, id), id));
      if (!run) return undefined;
      const rows = db
        .prepare('SELECT row, run, instance, step, state, at, data FROM replace_journal WHERE run = ? ORDER BY row')
        .all(run.id) as (Omit<JournalRow, 'data'> & { data: string })[];
      return {
        run: runOf(run),
        plan: JSON.parse(run.plan) as ReplacePlan,
        rows: rows.map((row) => ({ ...row, data: JSON.parse(row.data) as JournalRow['data'] })),
      };
    },
    list: (limit) =>
      (db.prepare(`${RUN} ORDER BY started_at DESC, rowid DESC LIMIT ?`).all(limit) as StoredRun[]).map(runOf),
    lastStarted: (group) =>
      (db.prepare(`SELECT max(at) FROM replace_journal WHERE group_name = ? AND step = 'start'`).pluck().get(group) as
        | string
        | null) ?? undefined,
    verified(group, { ref, digest = '' }, at) {
      db.prepare('INSERT OR REPLACE INTO verified_images VALUES (?, ?, ?, ?)').run(group, ref, digest, at);
    },
    verifiedImages: (group) =>
      (
        db
          .prepare('SELECT ref, digest, at FROM verified_images WHERE group_name = ? ORDER BY at DESC, ref')
          .all(group) as { ref: string; digest: string; at: string }[]
      ).map(({ ref, digest, at }) => ({ ref, at, ...(digest === '' ? {} : { digest }) })),
  };
}

function runOf({ id, planDigest, startedAt, finishedAt, state, says }: StoredRun): RunRow {
  return { id, planDigest, startedAt, state, says, ...(finishedAt === null ? {} : { finishedAt }) };
}

function unique(found: unknown[], id: string): StoredRun | undefined {
  if (found.length > 1) throw new UserError(`"${id}" may be ${found.length} runs`, 'give more of its id');
  return found[0] as StoredRun | undefined;
}
