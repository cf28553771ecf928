import { createHash } from 'node:crypto';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BUSYBOX_ACCOUNTS, busyboxRecipe, layBusybox } from './busybox.ts';
import { type LabImage, storedImage } from './image-store.ts';

/** A package laid by hand: path without leading slash -> content; a content that is a list is a link. */
export interface HandPackage {
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string | readonly [target: string]>>;
}

export const TOOL: HandPackage = {
  name: 'lab-tool',
  version: '1.0-1',
  files: {
    'usr/bin/lab-tool': '#!/bin/sh\necho 1\n',
    'usr/share/lab-tool/data': 'data 1\n',
    'usr/share/lab-tool/latest': ['data'],
  },
};
export const NEWER_TOOL: HandPackage = {
  name: 'lab-tool',
  version: '1.1-1',
  files: {
    'usr/bin/lab-tool': '#!/bin/sh\necho 2\n',
    'usr/share/lab-tool/data': 'data 2, longer\n',
    'usr/share/lab-tool/more': 'more\n',
    'usr/share/lab-tool/latest': ['more'],
  },
};
const BASE: HandPackage = { name: 'lab-base', version: '1-1', files: { 'usr/share/lab-base/readme': 'base\n' } };

const mode = (path: string) => (path.startsWith('usr/bin/') ? 0o755 : 0o644);
const hash = (kind: 'sha1' | 'sha256', text: string) => createHash(kind).update(text).digest();

/** Writes a package's files. */
export async function layFiles(dir: string, { files }: HandPackage): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(dir, path);
    await mkdir(dirname(file), { recursive: true });
    if (typeof content === 'string') {
      await writeFile(file, content);
      await chmod(file, mode(path));
    } else await symlink(content[0], file);
  }
}

/** apk's database of these packages (wiki.alpinelinux.org/wiki/Apk_spec). */
export function apkDatabase(packages: readonly HandPackage[]): string {
  const stanzas = packages.map(({ name, version, files }) => {
    const lines = [`C:Q1${hash('sha1', name + version).toString('base64')}`, `P:${name}`, `V:${version}`, 'A:x86_64'];
    const directories = Map.groupBy(Object.entries(files), ([path]) => dirname(path));
    for (const [directory, list] of directories) {
      lines.push(`F:${directory}`);
      for (const [path, content] of list) {
        lines.push(`R:${path.slice(directory.length + 1)}`);
        if (typeof content !== 'string') lines.push('a:0:0:777');
        else if (mode(path) !== 0o644) lines.push('a:0:0:755');
        const what = typeof content === 'string' ? content : content[0];
        lines.push(`Z:Q1${hash('sha1', what).toString('base64')}`);
      }
    }
    return `${lines.join('\n')}\n`;
  });
  return `${stanzas.join('\n')}\n`;
}

/** A package's entry in pacman's local database. */
export async function layPacman(dir: string, { name, version, files }: HandPackage): Promise<void> {
  const entry = join(dir, `var/lib/pacman/local/${name}-${version}`);
  await mkdir(entry, { recursive: true });
  const paths = new Set(Object.keys(files));
  for (const path of Object.keys(files)) for (let up = dirname(path); up !== '.'; up = dirname(up)) paths.add(`${up}/`);
  const lines = Object.entries(files).map(([path, content]) =>
    typeof content === 'string'
      ? `./${path} time=1.0 mode=${mode(path).toString(8)} size=${content.length} sha256digest=${hash('sha256', content).toString('hex')}`
      : `./${path} time=1.0 mode=777 type=link link=${content[0]}`,
  );
  await writeFile(join(entry, 'mtree'), gzipSync(`#mtree\n/set type=file uid=0 gid=0 mode=644\n${lines.join('\n')}\n`));
  await writeFile(join(entry, 'files'), `%FILES%\n${[...paths].sort().join('\n')}\n\n`);
  await writeFile(join(entry, 'desc'), `%NAME%\n${name}\n\n%VERSION%\n${version}\n\n`);
}

const building = new Map<string, Promise<LabImage>>();

/** A busybox root with two packages and the database of this manager. */
export function databaseImage(manager: 'apk' | 'pacman'): Promise<LabImage> {
  const made = building.get(manager) ?? prepare(manager);
  building.set(manager, made);
  return made;
}

async function prepare(manager: 'apk' | 'pacman'): Promise<LabImage> {
  const packages = [BASE, TOOL];
  return storedImage({
    name: manager,
    recipe: { ...(await busyboxRecipe()), id: `lab-${manager}`, packages, database: apkDatabase(packages) },
    image: { ref: `lab-${manager}:1`, sshServer: 'dropbear', accounts: BUSYBOX_ACCOUNTS },
    build: async (dir) => {
      await layBusybox(dir, `lab-${manager}`);
      for (const one of packages) await layFiles(dir, one);
      if (manager === 'apk') {
        await mkdir(join(dir, 'lib/apk/db'), { recursive: true });
        await mkdir(join(dir, 'etc/apk'), { recursive: true });
        await writeFile(join(dir, 'lib/apk/db/installed'), apkDatabase(packages));
        await writeFile(join(dir, 'etc/apk/world'), 'lab-base\nlab-tool\n');
      } else for (const one of packages) await layPacman(dir, one);
    },
  });
}

/** What an upgrade of the tool by its manager leaves behind. */
export async function upgrade(root: string, manager: 'apk' | 'pacman'): Promise<void> {
  for (const path of Object.keys(TOOL.files)) await rm(join(root, path));
  await layFiles(root, NEWER_TOOL);
  if (manager === 'apk') await writeFile(join(root, 'lib/apk/db/installed'), apkDatabase([BASE, NEWER_TOOL]));
  else {
    await rm(join(root, 'var/lib/pacman/local/lab-tool-1.0-1'), { recursive: true });
    await layPacman(root, NEWER_TOOL);
  }
}
