import { applyContainer, applyOutside } from '../collect/container.ts';
import { draftOfTree, wantedFromImage } from '../collect/offline.ts';
import { probes } from '../collect/registry.ts';
import { listen } from '../collect/run.ts';
import type { Ask } from '../core/ask.ts';
import type { Draft } from '../core/draft.ts';
import { messageOf, ReachError, UserError } from '../core/errors.ts';
import type { Fingerprint, Gap } from '../core/facts.ts';
import type { Instance, Limits, Session, Transport } from '../core/ports.ts';
import { provide } from '../core/registry.ts';
import { buildFingerprint, excluded } from '../fingerprint/build.ts';
import { transports } from '../transport/registry.ts';
import { letGo } from './let-go.ts';

/** Transport of an instance by its URI's scheme. */
export async function transportOf(instance: Instance): Promise<Transport> {
  return provide(transports, 'kind of instance', instance.uri.slice(0, instance.uri.indexOf(':')));
}

/** What an instance said, not yet taken apart. The session is closed. */
export type Heard = () => Fingerprint;

/**
 * Asks one instance in one session. What it said is taken apart when the result is called: a fingerprint is ten times its
 * answer and more, so it is made when there is time to judge it, and not while others wait for their goodbye.
 * @throws ReachError when nothing could be asked. So may what it returns, when nothing usable was said.
 */
export async function hear(
  instance: Instance,
  limits: Limits,
  since: number,
  signal: AbortSignal,
  onBytes?: (total: number) => void,
  ask?: Ask,
): Promise<Heard> {
  const transport = await transportOf(instance);
  const { root, mode } = transport.scope(instance);
  const session = await transport.open(instance, limits, signal);
  try {
    const { container } = session;
    const skip = (container?.mounts ?? []).filter(({ kind }) => kind !== 'file').map(({ path }) => path);
    const args = { root, mode, since, ...(skip.length ? { skip } : {}) };
    const known = session.archive
      ? await readArchive(session, session.archive, signal, onBytes)
      : await listen(session, Object.values(probes), args, onBytes, ask);
    const finish = (draft: Draft): Fingerprint => {
      if (container) applyContainer(draft, container);
      const live = buildFingerprint(draft);
      if (draft.fileStream) letGo(draft.fileStream, [live.files, ask?.expected?.stream]);
      return live;
    };
    if (!session.outside) return () => finish(sound(known(), limits));
    const draft = sound(known(), limits);
    if (session.archive || draft.gaps.some((gap) => gap.probe === 'processes')) {
      const seen = await session.outside();
      if (seen) applyOutside(draft, seen);
    }
    return () => finish(draft);
  } finally {
    await session.close();
  }
}

/** Reads one instance in one session. @throws ReachError when nothing could be asked. */
export async function look(...asked: Parameters<typeof hear>): Promise<Fingerprint> {
  return (await hear(...asked))();
}

/** The draft, if anything could be asked. Its bytes are gone; what was made of them is small against them. */
function sound(draft: Draft, limits: Limits): Draft {
  limits.claim?.release();
  const lost = draft.gaps.find((gap) => gap.probe === 'connect');
  if (lost) throw new ReachError(lost.reason, lost.detail);
  return draft;
}

/** An instance without a shell: its files as an image's are read. @throws ReachError when they do not come whole. */
async function readArchive(
  session: Session,
  open: NonNullable<Session['archive']>,
  signal: AbortSignal,
  onBytes?: (total: number) => void,
): Promise<() => Draft> {
  const { readRoot } = await import('../manifest/image/root.ts');
  const readAt = Math.floor(Date.now() / 1000);
  try {
    const { tar, over, gaps } = await open.call(session, onBytes);
    const tree = await readRoot('the files of the container', tar, over, wantedFromImage, signal);
    const draft = draftOfTree(tree, excluded);
    draft.readAt = readAt;
    draft.os.uid = 0;
    draft.gaps.push(...gaps);
    return () => draft;
  } catch (error) {
    if (signal.aborted) throw new ReachError('interrupted', 'interrupted while it was read', '', { cause: error });
    if (error instanceof UserError) throw new ReachError('garbled', error.message, error.hint, { cause: error });
    throw error;
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
