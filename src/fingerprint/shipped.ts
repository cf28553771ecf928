import { escapeName } from '../core/bytes.ts';
import type { Shipped, Stream } from '../core/facts.ts';
import { hasCapabilities, parseFileValue } from './files.ts';
import { lookup } from './stream.ts';

/** Numeric ids by name, as the accounts of the same system say. */
export type IdOf = (kind: 'user' | 'group', name: string) => string | undefined;

/**
 * Is the file at this canonical path something else than its package put there? What is not there, or could not be
 * read, is not: its being gone or unknown is told by the files themselves.
 */
export function isAltered(files: Stream, path: string, shipped: Shipped, idOf: IdOf): boolean {
  const value = lookup(files, path);
  if (value === undefined) return false;
  const file = parseFileValue(value);
  if (shipped.link !== undefined) return file.type !== 'l' || file.link !== escapeName(shipped.link);
  if (file.type === 'l') return shipped.sha256 !== undefined;
  if (shipped.sha256 !== undefined && (file.type !== 'f' || (file.sha256 !== '?' && file.sha256 !== shipped.sha256)))
    return true;
  if (shipped.mode !== undefined && Number.parseInt(file.mode, 8) !== Number.parseInt(shipped.mode, 8)) return true;
  if (shipped.capabilities === false && hasCapabilities(file)) return true;
  return differs(file.uid, id('user', shipped.user, idOf)) || differs(file.gid, id('group', shipped.group, idOf));
}

function differs(seen: string, due: string | undefined): boolean {
  return due !== undefined && seen !== due;
}

function id(kind: 'user' | 'group', name: string | undefined, idOf: IdOf): string | undefined {
  return name === undefined || /^[0-9]+$/.test(name) ? name : idOf(kind, name);
}
