import { escapeName } from '../../core/bytes.ts';
import { parseMtree } from './mtree.ts';
import type { OwnedFiles } from './owned.ts';

/** Directory of a package in pacman's local database: `NAME-VERSION-RELEASE`. */
const entry = /^([^/]+)-([^-/]+-[^-/]+)$/;

/** Names of the local database's directories to packages; those in `auto` came as dependencies (`%REASON%` 1). */
export function parsePacman(directories: Iterable<string>, auto: ReadonlySet<string>): Map<string, string> {
  const packages = new Map<string, string>();
  for (const directory of directories) {
    const [, name, version] = entry.exec(directory) ?? [];
    if (name && version)
      packages.set(`pacman ${escapeName(name)}`, escapeName(`${version}${auto.has(directory) ? ' (auto)' : ''}`));
  }
  return packages;
}

/** Does this `desc` file say that the package came as a dependency? */
export function isPacmanAuto(desc: string): boolean {
  return /(^|\n)%REASON%\n1(\n|$)/.test(desc);
}

/**
 * Files of one package: its `files` (paths without leading slash, directories with a slash behind; `%BACKUP%` lists
 * configuration with its md5) and its `mtree`, unpacked, where it could be.
 */
export function parsePacmanFiles(directory: string, files: string, mtree: string): OwnedFiles {
  const found: OwnedFiles = { owned: new Map(), shipped: parseMtree(mtree) };
  const name = entry.exec(directory)?.[1];
  if (!name) return { owned: new Map(), shipped: new Map() };
  let section = '';
  for (const line of files.split('\n')) {
    if (/^%[A-Z]+%$/.test(line)) section = line;
    else if (line === '') section = section === '%BACKUP%' ? '' : section;
    else if (section === '%FILES%') {
      const path = `/${line.replace(/\/$/, '')}`;
      found.owned.set(path, `${escapeName(name)} -`);
    } else if (section === '%BACKUP%') {
      const [path = '', md5 = '-'] = line.split('\t');
      found.owned.set(`/${path}`, `${escapeName(name)} ${escapeName(md5)} conffile`);
    }
  }
  for (const path of found.shipped.keys()) if (!found.owned.has(path)) found.shipped.delete(path);
  return found;
}
