import type { Cursor } from './cursor.ts';

/** One entry as `find -printf` or `stat` says it. Raw latin1; numbers stay text. */
export interface Meta {
  type: string;
  /** Octal permission bits. */
  mode: string;
  uid: string;
  gid: string;
  size: string;
  /** Epoch seconds, `0` = not newer than the image. */
  mtime: string;
  path: string;
  link: string;
}

/** Type bits of st_mode (inode(7)), as `find -printf %y` writes them. */
const typeOfBits: Record<number, string> = { 1: 'p', 2: 'c', 4: 'd', 6: 'b', 8: 'f', 10: 'l', 12: 's' };

/** `m y mode uid gid size mtime path` and the link target in the record behind it. */
export function readMeta(record: string, cursor: Cursor): Meta | undefined {
  const target = cursor.record();
  const mode = record.indexOf(' ', 4);
  const uid = record.indexOf(' ', mode + 1);
  const gid = record.indexOf(' ', uid + 1);
  const size = record.indexOf(' ', gid + 1);
  const mtime = record.indexOf(' ', size + 1);
  if (!target?.startsWith('>') || mode < 0 || uid < 0 || gid < 0 || size < 0 || mtime < 0) {
    cursor.garbled = true;
    return undefined;
  }
  return {
    type: record.slice(2, 3),
    mode: record.slice(4, mode),
    uid: record.slice(mode + 1, uid),
    gid: record.slice(uid + 1, gid),
    size: record.slice(gid + 1, size),
    mtime: record.slice(size + 1, mtime),
    path: record.slice(mtime + 1),
    link: target.slice(1),
  };
}

/** `n` names and `n` lines of `stat -c '%f %u %g %s %Y'`; nothing when a name has no line: they cannot be told apart then. */
export function readStatted(n: number, cursor: Cursor): Meta[] {
  const names: string[] = [];
  for (let i = 0; i < n && !cursor.atEnd; i++) names.push(cursor.record() ?? '');
  const lines = (cursor.record() ?? '').split('\n', n + 2).filter(Boolean);
  if (lines.length !== n) {
    cursor.garbled ||= n === 0;
    return [];
  }
  return names.flatMap((path, i) => {
    const [bits, uid, gid, size, mtime] = (lines[i] ?? '').split(' ');
    const mode = Number.parseInt(bits ?? '', 16);
    if (!Number.isFinite(mode) || !uid || !gid || !size) return [];
    const type = typeOfBits[mode >> 12] ?? '?';
    return [{ type, mode: (mode & 0o7777).toString(8), uid, gid, size, mtime: mtime ?? '0', path, link: '' }];
  });
}
