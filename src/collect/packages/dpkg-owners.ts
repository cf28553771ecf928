import { type Conffile, packageOfInfo, parseList, parseMd5sums } from './dpkg.ts';
import type { Diversion } from './dpkg-settings.ts';

/** Files of dpkg's info directory: file name (`openssl.list`) -> content. */
export type DpkgInfo = ReadonlyMap<string, string>;

/** What dpkg's database says of files. */
export interface DpkgFiles {
  info: DpkgInfo;
  conffiles: readonly Conffile[];
  diversions: readonly Diversion[];
}

/**
 * Notes who owns which path, and which md5 the package gave it. What a package ships under a name that another one
 * diverted lies, and is owned, where the diversion puts it.
 */
export function dpkgOwners({ info, conffiles, diversions }: DpkgFiles, owned: Map<string, string>): void {
  const config = new Map(conffiles.map((c) => [c.path, c.md5]));
  const diverted = new Map(diversions.map((d) => [d.from, d]));
  for (const [file, text] of info) {
    if (!file.endsWith('.list')) continue;
    const name = packageOfInfo(file);
    const sums = parseMd5sums(info.get(file.replace(/list$/, 'md5sums')) ?? '');
    for (const path of parseList(text)) {
      const md5 = config.get(path);
      const sum = sums.get(path);
      const away = diverted.get(path);
      const place = away && away.by !== name ? away.to : path;
      // A directory belongs to many packages: the first says it, and it has no content to protect.
      if (!owned.has(place) || sum || md5) owned.set(place, md5 ? `${name} ${md5} conffile` : `${name} ${sum ?? '-'}`);
    }
  }
}

/** What md5sum on the instance said: paths (absolute) that failed, and digests of conffiles and of diverted files. */
export interface DpkgSums {
  failed: readonly string[];
  conffiles: string;
  diverted: string;
}

/** Notes paths whose content is not what their package installed. */
export function dpkgAltered(files: DpkgFiles, said: DpkgSums, altered: Set<string>): void {
  const around = new Set(files.diversions.flatMap(({ from, to }) => [from, to]));
  // md5sum looked under the diverted name, where another package's file is.
  for (const path of said.failed) if (!around.has(path)) altered.add(path);
  const shipped = new Map(files.conffiles.map((c) => [c.path, c.md5]));
  compareSums(parseMd5sums(said.conffiles), shipped, altered);
  const owned = new Map<string, string>();
  dpkgOwners(files, owned);
  const due = [...around].map((path) => [path, owned.get(path)?.split(' ')[1] ?? '-'] as const);
  compareSums(parseMd5sums(said.diverted), new Map(due.filter(([, md5]) => md5 !== '-')), altered);
}

function compareSums(seen: Map<string, string>, due: Map<string, string>, altered: Set<string>): void {
  for (const [path, md5] of seen) {
    const expected = due.get(path);
    if (expected && expected !== md5) altered.add(path);
  }
}
