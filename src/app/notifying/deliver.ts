import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Notification, Outbox, OutboxRow } from '../../core/notify.ts';
import { type Attempt, attempt, type Surroundings, timeLimit } from './attempt.ts';
import type { Notifying } from './setup.ts';

/** First wait after a failure, and the longest, milliseconds. */
const wait = { first: 2000, longest: 3600_000 };
/** How much longer than its time limit a delivery may hold its message, milliseconds. */
const spare = 30_000;
/** How long it is known what was sent, milliseconds. */
const remembered = 30 * 24 * 3600_000;

/** What became of the messages of an outbox. */
export interface Delivered {
  sent: number;
  /** Left for the next time, with the reason of the last failure. */
  waiting: { sink: string; says: string }[];
  /** Given up. */
  dead: { sink: string; says: string }[];
}

/** Delivers what waits for the sinks of a fleet file, each sink by itself, until the time is over; what is not delivered stays. */
export async function deliver(
  outbox: Outbox,
  notifying: Notifying,
  around: Surroundings & { limitMs: number },
): Promise<Delivered> {
  const holder = `${hostname()}:${process.pid}:${randomUUID()}`;
  const end = Date.now() + around.limitMs;
  const signal = AbortSignal.any([around.signal, AbortSignal.timeout(around.limitMs)]);
  const result: Delivered = { sent: 0, waiting: [], dead: [] };
  const { fleet } = notifying;
  await Promise.all(
    outbox.sinks(fleet).map(async (sink) => {
      let says = '';
      while (!signal.aborted && Date.now() < end) {
        const now = Date.now();
        const until = new Date(now + timeLimit(notifying, sink) + spare).toISOString();
        const row = outbox.claim(fleet, sink, holder, new Date(now).toISOString(), until);
        if (!row) {
          const due = outbox.due(fleet, sink);
          if (due === undefined) return;
          if (Date.parse(due) >= end) break;
          await sleep(Math.max(Date.parse(due) - now, 50), undefined, { signal }).catch(() => {});
          continue;
        }
        const message = JSON.parse(row.payload) as Notification;
        const ended = await attempt(notifying, sink, message, row.delivered, { ...around, signal });
        says = settle(outbox, row, holder, ended, notifying, result);
      }
      if (outbox.due(fleet, sink) !== undefined)
        result.waiting.push({ sink, says: says || 'there was no time for it, or another process is sending it' });
    }),
  );
  outbox.prune(new Date(Date.now() - remembered).toISOString());
  return result;
}

/** Writes down how an attempt ended; what it said when it failed. */
function settle(
  outbox: Outbox,
  row: OutboxRow,
  holder: string,
  ended: Attempt,
  { config }: Notifying,
  result: Delivered,
): string {
  const now = Date.now();
  const at = new Date(now).toISOString();
  if (ended.state === 'sent') {
    outbox.sent(row.row, holder, at);
    result.sent++;
    return '';
  }
  const { says, delivered, transient, retryAfterMs } = ended;
  const age = now - Date.parse(row.madeAt);
  const tooOld = age > (config.giveUpHours ?? 24) * 3600_000;
  if (!transient || tooOld) {
    const why = transient ? `given up after ${row.tries} attempts in ${Math.round(age / 3600_000)} h: ${says}` : says;
    outbox.failed(row.row, holder, { at, says: why, delivered });
    result.dead.push({ sink: row.sink, says: why });
    return why;
  }
  const again = new Date(now + Math.max(backoff(row.tries, Math.random()), retryAfterMs)).toISOString();
  outbox.failed(row.row, holder, { at, says, delivered, again });
  return says;
}

/** Wait after so many attempts, milliseconds: it doubles, and chance (0-1) spreads it over its upper half. */
export function backoff(tries: number, chance: number): number {
  const whole = Math.min(wait.longest, wait.first * 2 ** Math.min(tries - 1, 20));
  return Math.round(whole * (0.5 + chance / 2));
}
