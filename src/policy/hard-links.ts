import { differInCapabilities, differingExtra, type parseFileValue } from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case, FileDrift } from './case.ts';
import { isGuarded } from './weigh.ts';

/** Most names of one file that are looked at: more than these no person made. */
const mostNames = 5000;

/**
 * Tells names from files. A name that was added to a file of the image is one change, that of the new name: that the file has
 * one name more is not told again. Where a file has more names than it had and they are not among what was read
 * (another directory of its file system), the file itself is the finding, if it is one whose second name is of use to
 * anybody: set-user-id, with capabilities, or closed to some. What else has such names is nothing: a backup by links.
 */
export function withNames(the: Case, files: FileDrift[]): FileDrift[] {
  const inodes = the.live.inodes ?? new Map<string, string>();
  if (!files.some(({ after }) => after?.extra.links !== undefined)) return files;
  const byMark = new Map<string, string[]>();
  for (const [path, id] of inodes) {
    for (const mark of marks(id)) {
      const names = byMark.get(mark);
      if (!names) byMark.set(mark, [path]);
      else if (names.length < mostNames) names.push(path);
    }
  }
  const added = new Set(files.filter(({ drift }) => drift.change === 'added').map(({ drift }) => drift.key));
  return files.flatMap((file) => {
    const { key, change } = file.drift;
    if (file.after?.extra.links === undefined || change === 'removed') return [file];
    const alike = marks(inodes.get(key) ?? '').flatMap((mark) => byMark.get(mark) ?? []);
    const names = sameFile(the, key, new Set(alike));
    if (change === 'added') {
      const other = names.find((name) => lookup(the.image.files, name)?.startsWith('f ') === true);
      return other === undefined ? [file] : [{ ...file, sameAs: other }];
    }
    return known(file, names.length, names.filter((name) => added.has(name)).length);
  });
}

/**
 * What names of one file have in common: the inode, or to the nanosecond the time of its last change. overlayfs gives a file that
 * was copied up for a link and that link numbers of two file systems.
 */
function marks(id: string): string[] {
  const [inode = '', ctime = ''] = id.split(' ');
  return [...(inode ? [inode] : []), ...(/\.\d*[1-9]/.test(ctime) ? [`at ${ctime}`] : [])];
}

/** Those of the paths that are the same file in all else, too: there may be several file systems. */
function sameFile(the: Case, key: string, paths: ReadonlySet<string>): string[] {
  const value = lookup(the.live.files, key);
  return [...paths].filter((path) => path !== key && lookup(the.live.files, path) === value);
}

/** A file of the image, without the names that are told elsewhere; nothing where it differs in nothing else. */
function known(file: FileDrift, others: number, added: number): FileDrift[] {
  const { before, after } = file;
  if (!before || !after || !differingExtra(before.extra, after.extra).includes('links')) return [file];
  const names = Number(after.extra.links);
  const unseen = names - Number(before.extra.links ?? 1) > added && names > others + 1;
  if (unseen && isGuarded(after)) return [file];
  const { links: _, ...extra } = after.extra;
  const told = {
    ...file,
    after: { ...after, extra: { ...extra, ...(before.extra.links ? { links: before.extra.links } : {}) } },
  };
  return sameButForNames(before, told.after) ? [] : [told];
}

function sameButForNames(before: ReturnType<typeof parseFileValue>, after: ReturnType<typeof parseFileValue>): boolean {
  const { extra: a, capabilities: _, ...old } = before;
  const { extra: b, capabilities: __, ...now } = after;
  const same = JSON.stringify(old) === JSON.stringify(now) && differingExtra(a, b).length === 0;
  return same && !differInCapabilities(before, after);
}
