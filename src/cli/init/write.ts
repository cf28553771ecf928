import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../../core/errors.ts';

/** A file that is to appear. */
export interface NewFile {
  path: string;
  text: string;
}

/** Refuses to go on where one of these stands already, unless it may be replaced. @throws UserError */
export function refuseExisting(paths: readonly string[], force: boolean): void {
  const there = paths.filter((path) => existsSync(path));
  if (there.length === 0 || force) return;
  throw new UserError(
    `${there.join(' and ')} ${there.length === 1 ? 'is' : 'are'} there already, and nothing is overwritten`,
    'name another directory, or give --force: what is there is kept beside it as .bak',
  );
}

/** Keeps what stands there under the first free name beside it, and gives that name; undefined when nothing stands there. */
export function keep(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  for (let n = 1; ; n++) {
    const to = `${path}.bak${n === 1 ? '' : n}`;
    try {
      copyFileSync(path, to, constants.COPYFILE_EXCL);
      return to;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannot(to, error);
    }
  }
}

/**
 * Makes the files appear whole: they are written under other names beside their places, proved there, and only then get
 * their own names. What fails leaves nothing behind. `prove` gets the other names, in the same order. Gives what was kept
 * of older files. @throws UserError
 */
export async function writeFiles(
  dir: string,
  files: readonly NewFile[],
  force: boolean,
  prove: (paths: string[]) => Promise<void>,
): Promise<string[]> {
  const mark = randomBytes(6).toString('hex');
  const beside = files.map(({ path }) => join(dir, `.${mark}-${path.slice(path.lastIndexOf('/') + 1)}`));
  // The first directory that mkdir makes; with what is in it, it goes when something fails.
  let made: string | undefined;
  const kept: string[] = [];
  try {
    made = mkdirSync(dir, { recursive: true });
    for (const [i, { text }] of files.entries()) writeFileSync(beside[i] as string, text, { flag: 'wx' });
    await prove(beside);
    for (const [i, { path }] of files.entries()) {
      const old = force ? keep(path) : undefined;
      if (old) kept.push(old);
      // A link refuses a name that is taken since; a rename would take it over.
      if (force) renameSync(beside[i] as string, path);
      else linkSync(beside[i] as string, path);
    }
    for (const path of beside) rmSync(path, { force: true });
    return kept;
  } catch (error) {
    // Where there is nothing to remove, why is what the first error says.
    for (const path of beside) if (existsSync(path)) rmSync(path);
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
    throw error instanceof UserError ? error : cannot(dir, error);
  }
}

/** Makes a directory where there is none. @throws UserError */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw cannot(path, error);
  }
}

function cannot(path: string, error: unknown): UserError {
  return new UserError(`cannot write ${path}: ${messageOf(error)}`, 'name a directory that may be written', {
    cause: error,
  });
}
