import { chmod, copyFile, lstat, lutimes, mkdir, readdir, readlink, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Says each entry below a directory, parents first, as a path relative to it. */
export async function* walk(root: string, below = ''): AsyncGenerator<string> {
  const names = await readdir(join(root, below));
  for (const name of names.sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    yield path;
    if ((await lstat(join(root, path))).isDirectory()) yield* walk(root, path);
  }
}

/** Copies a tree of directories, files and links with modes and modification times. `to` must not exist. */
export async function copyTree(from: string, to: string): Promise<void> {
  const directories = [''];
  await mkdir(to);
  for await (const path of walk(from)) {
    const [source, target] = [join(from, path), join(to, path)];
    const stats = await lstat(source);
    if (stats.isSymbolicLink()) {
      await symlink(await readlink(source), target);
      await lutimes(target, stats.atime, stats.mtime);
    } else if (stats.isDirectory()) {
      await mkdir(target);
      directories.push(path);
    } else {
      await copyFile(source, target);
      await chmod(target, stats.mode & 0o7777);
      await utimes(target, stats.atime, stats.mtime);
    }
  }
  // Children last: filling a directory changes its time, and its mode may forbid to fill it.
  for (const path of directories.reverse()) {
    const { mode, atime, mtime } = await lstat(join(from, path));
    await chmod(join(to, path), mode & 0o7777);
    await utimes(join(to, path), atime, mtime);
  }
}

/** Gives everything in a tree one modification time. */
export async function age(root: string, time: Date): Promise<void> {
  for await (const path of walk(root)) await lutimes(join(root, path), time, time);
  await utimes(root, time, time);
}
