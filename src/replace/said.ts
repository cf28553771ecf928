import { plain } from '../core/address.ts';
import type { Progress, Successor, Target } from '../core/replacement.ts';
import { ReplaceError } from '../core/replacement.ts';

/** Most of the keys that an answer may tell, and the longest of them, characters. */
const mostKeys = 16;
const longestKey = 4096;

/**
 * Progress in an answer `{ "state": "running" | "done" | "failed", "detail", "uri", "id", "hostKeys" }` of a program or service;
 * undefined when it tells no state. What it says is cut and made printable. @throws ReplaceError when it is malformed.
 */
export function progressIn(said: unknown, target: Target, who: string): Progress | undefined {
  if (typeof said !== 'object' || said === null) return undefined;
  const { state, detail } = said as Record<string, unknown>;
  const words = typeof detail === 'string' ? plain(detail, 1000) : '';
  if (state === 'running') return { state, detail: words || `${who} is at it` };
  if (state === 'failed') return { state, detail: words || `${who} says that it failed` };
  if (state !== 'done') return undefined;
  return { state, detail: words, successor: successorIn(said, target, who) };
}

/** The new instance in an answer; the old address where it names none. @throws ReplaceError when it is malformed. */
export function successorIn(said: object, target: Target, who: string): Successor {
  const { uri, id, hostKeys } = said as Record<string, unknown>;
  const wrong = (what: string) => new ReplaceError(`${who} names ${what}`);
  if (uri !== undefined && (typeof uri !== 'string' || !/^[a-z][a-z0-9+.-]{0,30}:[\x21-\x7e]{0,1000}$/.test(uri)))
    throw wrong('a uri that is none');
  if (id !== undefined && (typeof id !== 'string' || !/^[\x21-\x7e]{1,300}$/.test(id)))
    throw wrong('an id that is no printable text of at most 300 characters');
  const isKey = (key: unknown): key is string =>
    typeof key === 'string' && key.length <= longestKey && /^[\x20-\x7e]+$/.test(key);
  if (hostKeys !== undefined && !(Array.isArray(hostKeys) && hostKeys.length <= mostKeys && hostKeys.every(isKey)))
    throw wrong('host keys that are no list of printable lines');
  return {
    uri: uri ?? target.uri,
    ...(id === undefined ? {} : { id }),
    ...(hostKeys === undefined ? {} : { hostKeys }),
  };
}
