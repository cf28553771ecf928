import { posix } from 'node:path';
import type { Stream } from '../core/facts.ts';
import { parseFileValue } from './files.ts';
import { lookup } from './stream.ts';

/**
 * Package databases name files as they were packed (`/bin/cat`), the disk as they are (`/usr/bin/cat`, because /bin is
 * a link on a merged-usr system). Resolves the first component of a path through such links of the tree itself, only
 * where the link exists, so it is right on systems that are not merged too.
 */
export function aliasResolver(files: Stream): (path: string) => string {
  const known = new Map<string, string>();
  return (path) => {
    const slash = path.indexOf('/', 1);
    if (slash < 0) return path;
    const first = path.slice(0, slash);
    let target = known.get(first);
    if (target === undefined) {
      const value = lookup(files, first);
      const file = value === undefined ? undefined : parseFileValue(value);
      target = file?.type === 'l' ? posix.resolve('/', file.link) : first;
      known.set(first, target);
    }
    return target === first ? path : target + path.slice(slash);
  };
}
