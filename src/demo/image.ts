import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  access,
  appendFile,
  chmod,
  constants,
  copyFile,
  lstat,
  mkdir,
  readFile,
  realpath,
  symlink,
} from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../core/errors.ts';
import { age, copyTree, walk } from './tree.ts';

/** What `manifest create --image` calls it; os-release of the tree says the same. */
export const imageRef = 'demo-web:1';

/** The process of the image that runs on every instance. */
export const workerPath = 'usr/sbin/snow-web-worker';

const fixture = fileURLToPath(new URL('../../fixtures/demo/image', import.meta.url));

/** What git and npm cannot hold: directories that are empty, and links. */
const emptyDirectories = [
  ...[
    'boot',
    'dev',
    'home',
    'media',
    'mnt',
    'opt',
    'proc',
    'run',
    'srv',
    'sys',
    'tmp',
    'var/cache',
    'var/log',
    'var/tmp',
  ],
  ...['etc/snow-web', 'etc/ssh/sshd_config.d', 'etc/ssl/certs', 'var/lib/dpkg/updates', 'var/lib/snow-web'],
];
const links: [path: string, target: string][] = [
  ['bin', 'usr/bin'],
  ['lib', 'usr/lib'],
  ['sbin', 'usr/sbin'],
  ['etc/os-release', '../usr/lib/os-release'],
  ['etc/mtab', '../proc/self/mounts'],
];

/** Modes that are not 755 (directories and programs) or 644 (the rest). */
const modes = new Map([
  ['etc/shadow', 0o640],
  ['root', 0o700],
  ['tmp', 0o1777],
  ['var/tmp', 0o1777],
]);
const programs = /^usr\/(bin|sbin|lib\/openssh)\//;

/** A copy of the system's `sleep` under any name, and how to call it. */
export interface Sleeper {
  /** Path of the machine's own program. */
  path: string;
  /** Programs that are many in one (busybox) go by argv[0] and must be told; the others may be called anything. */
  byName: boolean;
}

/** Builds the golden tree in `to`, which must not exist; a day old, so that what happens to a copy is younger. */
export async function buildImage(to: string): Promise<Sleeper> {
  await copyTree(fixture, to);
  for (const path of emptyDirectories) await mkdir(join(to, path), { recursive: true });
  for (const [path, target] of links) await symlink(target, join(to, path));
  const source = await findProgram('sleep');
  await copyFile(source, join(to, workerPath));
  await register(to, 'snow-web', workerPath);
  for await (const path of walk(to)) {
    const stats = await lstat(join(to, path));
    if (stats.isSymbolicLink()) continue;
    await chmod(join(to, path), modes.get(path) ?? (stats.isDirectory() || programs.test(path) ? 0o755 : 0o644));
  }
  await chmod(to, 0o755);
  const byName = mustBeNamed(join(to, workerPath));
  await age(to, new Date((Math.floor(Date.now() / 1000) - 86_400) * 1000));
  return { path: source, byName };
}

/** Tells dpkg's database of the tree about a file that is not in git. */
async function register(root: string, name: string, path: string): Promise<void> {
  const info = join(root, 'var/lib/dpkg/info', name);
  const md5 = createHash('md5')
    .update(await readFile(join(root, path)))
    .digest('hex');
  await appendFile(`${info}.list`, `/${path}\n`);
  await appendFile(`${info}.md5sums`, `${md5}  ${path}\n`);
}

async function findProgram(name: string): Promise<string> {
  for (const directory of `${process.env['PATH'] ?? ''}${delimiter}/usr/bin${delimiter}/bin`.split(delimiter)) {
    if (!directory.startsWith('/')) continue;
    const path = join(directory, name);
    try {
      await access(path, constants.X_OK);
      return await realpath(path);
    } catch {
      // Not there: the next directory.
    }
  }
  throw new UserError(`the demo needs the program "${name}"`, 'it is in the package coreutils of every distribution');
}

/** Tries the copy under its own name and under the original's. @throws UserError when it does not run at all. */
function mustBeNamed(path: string): boolean {
  const runs = (argv0: string): boolean => spawnSync(path, ['0'], { argv0, stdio: 'ignore' }).status === 0;
  if (runs('snow-web-worker')) return false;
  if (runs('sleep')) return true;
  throw new UserError(
    `a program copied to ${path} does not run`,
    'the temporary directory may be mounted noexec: name another in TMPDIR',
  );
}
