import { ReplaceError, type Target } from '../../core/replacement.ts';
import { list, object, text } from '../json.ts';
import type { Engine } from './client.ts';

/** An image of a daemon. */
export interface HeldImage {
  /** `sha256:...` */
  id: string;
  /** Repository tags and digests. */
  names: string[];
  /** What a container of it gets unless it is told otherwise. */
  config: Record<string, unknown>;
}

/** An image by name or id; undefined when the daemon has none of it. @throws ReplaceError */
export async function findImage(engine: Engine, ref: string): Promise<HeldImage | undefined> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,511}$/.test(ref))
    throw new ReplaceError(`"${ref.slice(0, 100)}" is no name of an image`, { hint: 'write NAME[:TAG] or sha256:HEX' });
  const said = await engine.find(`/images/${encodeURI(ref)}/json`);
  if (!said) return undefined;
  const names = [...list(said['RepoTags']), ...list(said['RepoDigests'])].map(text).filter(Boolean);
  return { id: text(said['Id']), names, config: object(said['Config']) };
}

/**
 * Is what a new one shall be launched from the image that the old one is of? `was` is what the old one was told to be of. Pure.
 */
export function isSame({ ref, digest }: Target['image'], was: string, image: HeldImage): boolean {
  if (digest !== undefined && digest === image.id) return true;
  const tagged = /[:@][^/]*$/.test(ref) ? ref : `${ref}:latest`;
  return [was, image.id, ...image.names].some((name) => name === ref || name === tagged);
}
