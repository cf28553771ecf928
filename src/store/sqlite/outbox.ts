import type { MakeOutgoing, Outbox, OutboxRow, OutboxStatus } from '../../core/notify.ts';
import type { Db } from './database.ts';

/** What a scan leaves to be sent. To be called inside a transaction, of the scan where there is one: neither is there without the other. */
export function keepOutgoing(db: Db, startedAt: string, make: MakeOutgoing): void {
  const seen = new Date(startedAt).toISOString(); // one form, so that order as text is order in time
  const find = db.prepare<[string, string], { state: string; seenAt: string }>(
    'SELECT state, seen_at AS seenAt FROM told WHERE fleet = ? AND instance = ?',
  );
  const { fleet, states, messages } = make((of, instance) => find.get(of, instance));
  const keep = db.prepare(
    `INSERT INTO told (fleet, instance, seen_at, state) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at, state = excluded.state`,
  );
  for (const { instance, state } of states) keep.run(fleet, instance, seen, state);
  const add = db.prepare(
    `INSERT INTO outbox (key, fleet, sink, made_at, next_try_at, payload) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const now = new Date().toISOString();
  for (const { key, sink, payload } of messages()) add.run(key, fleet, sink, now, now, payload);
}

/** The oldest waiting message of a sink, if it is due and free. Its elders block: messages go out in their order. */
const CLAIM = `
  UPDATE outbox SET holder = @holder, lease_until = @until, tries = tries + 1
  WHERE row = (SELECT min(row) FROM outbox WHERE fleet = @fleet AND sink = @sink AND state = 'waiting')
    AND next_try_at <= @now AND (lease_until IS NULL OR lease_until <= @now)
  RETURNING row, fleet, sink, payload, made_at AS madeAt, tries, delivered`;

const DUE = `
  SELECT max(next_try_at, coalesce(lease_until, '')) FROM outbox
  WHERE row = (SELECT min(row) FROM outbox WHERE fleet = ? AND sink = ? AND state = 'waiting')`;

const FAILED = `
  UPDATE outbox SET state = iif(@again IS NULL, 'dead', 'waiting'), next_try_at = coalesce(@again, next_try_at), says = @says,
    delivered = max(delivered, @delivered), holder = NULL, lease_until = NULL, ended_at = iif(@again IS NULL, @at, NULL)
  WHERE row = @row AND holder = @holder AND state = 'waiting'`;

const STATUS = `
  SELECT fleet, sink, sum(state = 'waiting') AS waiting, sum(state = 'dead') AS dead,
    min(iif(state = 'waiting', made_at, NULL)) AS oldestWaitingAt,
    (SELECT next_try_at FROM outbox o WHERE o.fleet = outbox.fleet AND o.sink = outbox.sink AND state = 'waiting'
       ORDER BY row LIMIT 1) AS nextTryAt,
    max(iif(state = 'sent', ended_at, NULL)) AS lastSentAt,
    (SELECT says FROM outbox o WHERE o.fleet = outbox.fleet AND o.sink = outbox.sink AND says IS NOT NULL
       AND state <> 'sent' ORDER BY row DESC LIMIT 1) AS says
  FROM outbox GROUP BY fleet, sink ORDER BY fleet, sink`;

/** The outbox of notifications. Each call is one statement, on the disk when it returns. */
export function outboxOf(db: Db): Outbox {
  const claim = db.prepare(CLAIM);
  const put = db.transaction((at: string, make: MakeOutgoing) => keepOutgoing(db, at, make));
  const revive = db.transaction((fleet: string, now: string, again: Parameters<Outbox['revive']>[2]) => {
    const find = db
      .prepare<[string, string], string>('SELECT state FROM told WHERE fleet = ? AND instance = ?')
      .pluck();
    const dead = db
      .prepare<[string], { row: number; payload: string }>(
        `SELECT row, payload FROM outbox WHERE fleet = ? AND state = 'dead'`,
      )
      .all(fleet);
    const wait = db.prepare(
      `UPDATE outbox SET state = 'waiting', tries = 0, made_at = @now, next_try_at = @now, ended_at = NULL, payload = @payload
       WHERE row = @row`,
    );
    for (const { row, payload } of dead)
      wait.run({ row, now, payload: again(payload, (instance) => find.get(fleet, instance)) });
    return dead.length;
  });
  return {
    put: (at, make) => put.immediate(at, make),
    sinks: (fleet) =>
      db
        .prepare<[string], string>(
          `SELECT DISTINCT sink FROM outbox WHERE fleet = ? AND state = 'waiting' ORDER BY sink`,
        )
        .pluck()
        .all(fleet),
    claim: (fleet, sink, holder, now, until) => claim.get({ fleet, sink, holder, now, until }) as OutboxRow | undefined,
    due: (fleet, sink) => (db.prepare(DUE).pluck().get(fleet, sink) as string | null | undefined) ?? undefined,
    sent(row, holder, at) {
      // What arrived is not kept, only that it did.
      db.prepare(
        `UPDATE outbox SET state = 'sent', ended_at = ?, payload = '', says = NULL, holder = NULL, lease_until = NULL
         WHERE row = ? AND holder = ?`,
      ).run(at, row, holder);
    },
    failed(row, holder, { at, says, delivered, again }) {
      db.prepare(FAILED).run({ row, holder, at, says, delivered, again: again ?? null });
    },
    status: () => (db.prepare(STATUS).all() as Record<string, unknown>[]).map(statusOf),
    revive: (fleet, now, again) => revive.immediate(fleet, now, again),
    prune(before) {
      db.prepare(`DELETE FROM outbox WHERE state = 'sent' AND ended_at < ?`).run(before);
    },
  };
}

function statusOf(row: Record<string, unknown>): OutboxStatus {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as OutboxStatus;
}
