import { readFile, stat } from 'node:fs/promises';

/**
 * Reads and parses files, each only once while its size and modification time stay the same: two hundred sessions at
 * once share one known-hosts file and one key. Rejects with the file system's error, or with what `parse` throws.
 */
export function memoByFile<T>(parse: (bytes: Buffer, path: string) => T): (path: string) => Promise<T> {
  const kept = new Map<string, { stamp: string; value: Promise<T> }>();
  return async (path) => {
    const { size, mtimeMs, ino } = await stat(path);
    const stamp = `${size} ${mtimeMs} ${ino}`;
    const known = kept.get(path);
    if (known?.stamp === stamp) return known.value;
    const value = readFile(path).then((bytes) => parse(bytes, path));
    kept.set(path, { stamp, value });
    // A failure is not remembered: the file may become readable without changing.
    value.catch(() => kept.delete(path));
    return value;
  };
}
