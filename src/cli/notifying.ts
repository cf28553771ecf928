import type { Delivered } from '../app/notifying/deliver.ts';
import type { Notifying } from '../app/notifying/setup.ts';
import { printable } from '../core/bytes.ts';
import { UserError } from '../core/errors.ts';
import type { MakeOutgoing } from '../core/notify.ts';
import type { Store } from '../core/ports.ts';
import type { ReportView } from '../core/report.ts';
import type { Context } from './context.ts';

/** Seconds that a scan may take to deliver, unless the fleet file says otherwise. */
const usual = 30;

/** What a scan needs to tell what changed. */
export interface ScanNotifying {
  outgoing: (report: ReportView) => MakeOutgoing;
  /** Delivers what it left, and what earlier ones did; failures are said on standard error and change no exit code. */
  deliver(context: Context): Promise<void>;
}

/** The section `notify` of the fleet file, ready for a scan; undefined where nobody is to be told. @throws UserError for mistakes in it. */
export async function notifyingOf(
  flags: { inventory?: string; notify?: boolean },
  store: Store | undefined,
): Promise<ScanNotifying | undefined> {
  if (!flags.inventory || flags.notify === false) return undefined;
  const { loadNotifying } = await import('../app/notifying/setup.ts');
  const notifying = await loadNotifying(flags.inventory);
  if (!notifying) return undefined;
  if (!store)
    throw new UserError(
      `${flags.inventory} has a section "notify", and without a store nobody knows what was told before`,
      'leave out --no-store, or give --no-notify',
    );
  const { outgoingOf } = await import('../app/notifying/outgoing.ts');
  return {
    outgoing: (report) => outgoingOf(notifying, report),
    deliver: (context) => deliverTo(store, notifying, context),
  };
}

/** Delivers what waits and says what did not arrive; no exit code is changed by it. */
export async function deliverTo(store: Store, notifying: Notifying, context: Context): Promise<void> {
  try {
    const seconds = notifying.config.deliverSeconds ?? usual;
    tell(await deliverNow(store, notifying, seconds, context), notifying, context.stderr);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    context.stderr.write(`snowfence: notifications were not delivered: ${printable(error.message)}\n`);
  }
}

/** Delivers what waits, within so many seconds. */
export async function deliverNow(
  store: Store,
  notifying: Notifying,
  seconds: number,
  { env, signal }: Context,
): Promise<Delivered> {
  const [{ deliver }, { version }] = await Promise.all([
    import('../app/notifying/deliver.ts'),
    import('../app/places.ts'),
  ]);
  return deliver(store.outbox, notifying, { env, signal, version: version(), limitMs: seconds * 1000 });
}

/** Says what was not delivered, and what to do. */
export function tell({ waiting, dead }: Delivered, { config }: Notifying, to: NodeJS.WriteStream): void {
  const kindOf = (sink: string) => config.sinks[sink]?.kind ?? 'no such sink';
  for (const { sink, says } of dead)
    to.write(`snowfence: notification to ${sink} (${kindOf(sink)}) is GIVEN UP: ${printable(says)}\n`);
  if (dead.length > 0) to.write('  mend the cause, then "snowfence notify retry --inventory FILE"\n');
  for (const { sink, says } of waiting)
    to.write(`snowfence: notification to ${sink} (${kindOf(sink)}) waits: ${printable(says)}\n`);
  if (waiting.length > 0) to.write('  the next scan or "snowfence notify flush --inventory FILE" tries again\n');
}
