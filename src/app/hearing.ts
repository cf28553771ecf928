import { applyContainer, applyOutside } from '../collect/container.ts';
import { draftOfTree, wantedFromImage } from '../collect/offline.ts';
import { probes } from '../collect/registry.ts';
import { listen } from '../collect/run.ts';
import type { Ask } from '../core/ask.ts';
import type { Draft } from '../core/draft.ts';
import { ReachError, UserError } from '../core/errors.ts';
import type { Fingerprint } from '../core/facts.ts';
import type { Limits, Session, Transport } from '../core/ports.ts';
import { buildFingerprint, excluded } from '../fingerprint/build.ts';
import { letGo } from './let-go.ts';

/** What an instance said, not yet taken apart. */
export type Heard = () => Fingerprint;

/** Asks over an open session; see `hear` of look.ts, which has opened it and closes it. */
export async function hearSession(
  session: Session,
  scope: ReturnType<Transport['scope']>,
  limits: Limits,
  since: number,
  signal: AbortSignal,
  onBytes?: (total: number) => void,
  ask?: Ask,
): Promise<Heard> {
  const { container } = session;
  const skip = (container?.mounts ?? []).filter(({ kind }) => kind !== 'file').map(({ path }) => path);
  const args = { ...scope, since, ...(skip.length ? { skip } : {}) };
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
