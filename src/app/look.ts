import type { Ask } from '../core/ask.ts';
import { messageOf, ReachError, UserError } from '../core/errors.ts';
import type { Fingerprint, Gap } from '../core/facts.ts';
import type { Instance, Limits, Transport } from '../core/ports.ts';
import { provide } from '../core/registry.ts';
import { transports } from '../transport/registry.ts';
import type { Heard } from './hearing.ts';

/** Transport of an instance by its URI's scheme. */
export async function transportOf(instance: Instance): Promise<Transport> {
  return provide(transports, 'kind of instance', instance.uri.slice(0, instance.uri.indexOf(':')));
}

/**
 * Asks one instance in one session. What it said is taken apart when the result is called: a fingerprint is ten times its
 * answer and more, so it is made when there is time to judge it, and not while others wait for their goodbye. What is to be
 * asked is thought of when somebody is there to be asked: until then only what connects is loaded.
 * @throws ReachError when nothing could be asked. So may what it returns, when nothing usable was said.
 */
export async function hear(
  instance: Instance,
  limits: Limits,
  since: number,
  signal: AbortSignal,
  onBytes?: (total: number) => void,
  ask?: () => Promise<Ask>,
): Promise<Heard> {
  const transport = await transportOf(instance);
  const scope = transport.scope(instance);
  const session = await transport.open(instance, limits, signal);
  try {
    const { hearSession } = await import('./hearing.ts');
    return await hearSession(session, scope, limits, since, signal, onBytes, await ask?.());
  } finally {
    await session.close();
  }
}

/** Reads one instance in one session. @throws ReachError when nothing could be asked. */
export async function look(...asked: Parameters<typeof hear>): Promise<Fingerprint> {
  return (await hear(...asked))();
}

/** A gap for an instance that could not be read at all. A mistake of ours with one host must not stop the others. */
export function reachGap(error: unknown): Gap {
  if (error instanceof ReachError) {
    return {
      probe: 'connect',
      reason: error.reason,
      detail: error.hint ? `${error.message}; ${error.hint}` : error.message,
    };
  }
  if (error instanceof UserError) return { probe: 'connect', reason: 'unreachable', detail: error.message };
  return { probe: 'connect', reason: 'garbled', detail: `internal error, please report it: ${messageOf(error)}` };
}
