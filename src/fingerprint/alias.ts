import { posix } from 'node:path';
import type { Stream } from '../core/facts.ts';
import { parseFileValue } from './files.ts';
import { lookup } from './stream.ts';

/**
 * Package databases name files as they were packed (`/bin/cat`, `/usr/sbin/ip`), the disk as they are (`/usr/bin/cat`,
 * `/usr/bin/ip`: /bin is a link on a merged-usr system, /usr/sbin on one with merged programs). Resolves the first
 * component of a path, and what is directly below /usr, through such links of the tree itself: only where the link
 * exists, so it is right on systems that are not merged, or merged the other way round.
 */
export function aliasResolver(files: Stream): (path: string) => string {
  const known = new Map<string, string>();
  const targetOf = (directory: string): string => {
    const told = known.get(directory);
    if (told !== undefined) return told;
    const value = lookup(files, directory);
    const file = value === undefined ? undefined : parseFileValue(value);
    const target = file?.type === 'l' ? posix.resolve(posix.dirname(directory), file.link) : directory;
    known.set(directory, target);
    return target;
  };
  const below = (path: string, from: number): string => {
    const slash = path.indexOf('/', from);
    if (slash < 0) return path;
    const directory = path.slice(0, slash);
    const target = targetOf(directory);
    return target === directory ? path : target + path.slice(slash);
  };
  return (path) => {
    const resolved = below(path, 1);
    return resolved.startsWith('/usr/') ? below(resolved, 5) : resolved;
  };
}
