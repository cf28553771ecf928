import { probes } from '../collect/registry.ts';
import { collect } from '../collect/run.ts';
import type { Ask } from '../core/ask.ts';
import { messageOf, ReachError, UserError } from '../core/errors.ts';
import type { Fingerprint, Gap } from '../core/facts.ts';
import type { Instance, Limits, Transport } from '../core/ports.ts';
import { provide } from '../core/registry.ts';
import { buildFingerprint } from '../fingerprint/build.ts';
import { transports } from '../transport/registry.ts';

/** Transport of an instance by its URI's scheme. */
export async function transportOf(instance: Instance): Promise<Transport> {
  return provide(transports, 'kind of instance', instance.uri.slice(0, instance.uri.indexOf(':')));
}

/** Reads one instance in one session. @throws ReachError when nothing could be asked. */
export async function look(
  instance: Instance,
  limits: Limits,
  since: number,
  signal: AbortSignal,
  onBytes?: (total: number) => void,
  ask?: Ask,
): Promise<Fingerprint> {
  const transport = await transportOf(instance);
  const { root, mode } = transport.scope(instance);
  const session = await transport.open(instance, limits, signal);
  try {
    const draft = await collect(session, Object.values(probes), { root, mode, since }, onBytes, ask);
    const lost = draft.gaps.find((gap) => gap.probe === 'connect');
    if (lost) throw new ReachError(lost.reason, lost.detail);
    return buildFingerprint(draft);
  } finally {
    await session.close();
  }
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
