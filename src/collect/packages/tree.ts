import { gunzipSync } from 'node:zlib';
import type { Draft } from '../../core/draft.ts';
import type { ImageTree } from '../../core/ports.ts';
import { parseApk, parseApkWorld } from './apk.ts';
import { bundleFacts, isBundleLink, isSnapFile } from './bundles.ts';
import { parseDpkgStatus, parseExtendedStates } from './dpkg.ts';
import { dpkgOwners } from './dpkg-owners.ts';
import { parseDiversions, settingsOfDpkg } from './dpkg-settings.ts';
import {
  isLanguageText,
  type LanguagePackage,
  languageFacts,
  languagePackage,
  npmVersion,
  parseRecord,
} from './language.ts';
import { noteFacts, noteFiles } from './owned.ts';
import { isPacmanAuto, parsePacman, parsePacmanFiles } from './pacman.ts';
import { type RpmDatabase, readRpmDatabase } from './rpm-database.ts';

const dpkg =
  /^\/var\/lib\/(dpkg\/(status|diversions|statoverride|arch|info\/[^/]+\.(list|md5sums|conffiles))|apt\/extended_states)$/;
const apk = /^\/((usr\/)?lib\/apk\/db\/installed|etc\/apk\/world)$/;
const pacman = /^\/var\/lib\/pacman\/local\/([^/]+)\/(desc|files|mtree)$/;
const rpm = /^(\/(?:var\/lib|usr\/lib\/sysimage|usr\/share)\/rpm)\/(?:rpmdb\.sqlite(?:-wal)?|Packages(?:\.db)?)$/;
/** Files whose time of change is the time of an installation. */
const dated =
  /^\/(var\/lib\/dpkg\/info\/[^/]+\.list|var\/lib\/pacman\/local\/[^/]+\/desc|(usr\/)?lib\/apk\/db\/installed)$/;

/** Largest database that is read, and largest list that is unpacked, bytes. */
const maxDatabase = 256 * 1024 * 1024;
const maxText = 64 * 1024 * 1024;
const maxMtree = 30_000_000;

/** Is the content of this file of an image needed to know its packages? */
export function isPackageDatabase(path: string, size: number): boolean {
  if (rpm.test(path)) return size <= maxDatabase;
  return size <= maxText && (dpkg.test(path) || apk.test(path) || pacman.test(path) || isLanguageText(path));
}

/** Packages of an image's tree to the same facts that the program brings from an instance, by the same parsers. */
export function readPackages(tree: ImageTree, draft: Draft): void {
  const text = (path: string) => tree.contents.get(path)?.toString('latin1') ?? '';
  readDpkg(tree, draft, text);
  const installed = parseApk(text('/lib/apk/db/installed') || text('/usr/lib/apk/db/installed'));
  noteFacts(draft, installed.packages);
  noteFiles(draft, installed);
  if (installed.packages.size > 0) noteFacts(draft, parseApkWorld(text('/etc/apk/world')));
  readRpm(tree, draft);
  readPacman(tree, draft, text);
  readNames(tree, draft, text);
}

type TextOf = (path: string) => string;

function readDpkg(tree: ImageTree, draft: Draft, text: TextOf): void {
  const status = parseDpkgStatus(
    text('/var/lib/dpkg/status'),
    parseExtendedStates(text('/var/lib/apt/extended_states')),
  );
  noteFacts(draft, status.packages);
  if (status.packages.size === 0) return;
  const diversions = text('/var/lib/dpkg/diversions');
  const settings = { diversions, statoverride: text('/var/lib/dpkg/statoverride'), arch: text('/var/lib/dpkg/arch') };
  noteFacts(draft, settingsOfDpkg(settings, status.native));
  const info = new Map<string, string>();
  for (const [path, bytes] of tree.contents) {
    const name = /^\/var\/lib\/dpkg\/info\/([^/]+)$/.exec(path)?.[1];
    if (name) info.set(name, bytes.toString('latin1'));
  }
  dpkgOwners({ info, conffiles: status.conffiles, diversions: parseDiversions(diversions) }, draft.owned);
}

/** Databases of one directory in the order in which rpm looks for one (backends of rpm's lib/rpmdb.c). */
const rpmNames = ['rpmdb.sqlite', 'Packages.db', 'Packages'];

function readRpm(tree: ImageTree, draft: Draft): void {
  const gap = (path: string, why: string) => {
    const how = 'capture the manifest from a golden instance or with rootfs:';
    draft.cut('packages', 'unsupported', `the rpm database ${path} of an image file ${why}: ${how}`);
  };
  const directories = new Set([...tree.entries.keys()].flatMap((path) => rpm.exec(path)?.[1] ?? []));
  for (const directory of directories) {
    const paths = rpmNames.map((name) => `${directory}/${name}`).filter((path) => tree.entries.has(path));
    const [first, ...others] = paths.map((path) => ({ path, read: rpmDatabase(tree, path) }));
    if (!first) continue;
    if ('why' in first.read) gap(first.path, `cannot be read: ${first.read.why}`);
    else {
      const { facts } = first.read;
      noteFacts(draft, facts.packages);
      noteFiles(draft, facts);
      draft.newestPackageAt = Math.max(draft.newestPackageAt, facts.newest);
      // rpm reads one of them, by its configuration: that of another format may be left over, or be the one.
      for (const { path, read } of others)
        if ('why' in read || !isSame(read.facts.packages, facts.packages)) gap(path, `says other than ${first.path}`);
    }
  }
}

function isSame(a: Map<string, string>, b: Map<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function rpmDatabase(tree: ImageTree, path: string): RpmDatabase {
  if ((tree.entries.get(`${path}-wal`)?.size ?? 0) > 0) return { why: 'it has changes that are only in its log' };
  const bytes = tree.contents.get(path);
  if (bytes) return readRpmDatabase(bytes);
  return { why: (tree.entries.get(path)?.size ?? 0) > maxDatabase ? 'it is larger than 256 MiB' : 'it is no file' };
}

function readPacman(tree: ImageTree, draft: Draft, text: TextOf): void {
  const directories: string[] = [];
  const auto = new Set<string>();
  for (const path of tree.contents.keys()) {
    const [, directory, file] = pacman.exec(path) ?? [];
    if (!directory || file !== 'desc') continue;
    const at = `/var/lib/pacman/local/${directory}`;
    directories.push(directory);
    if (isPacmanAuto(text(path))) auto.add(directory);
    const mtree = unpacked(tree.contents.get(`${at}/mtree`));
    noteFiles(draft, parsePacmanFiles(directory, text(`${at}/files`), mtree));
  }
  noteFacts(draft, parsePacman(directories, auto));
}

function unpacked(bytes: Buffer | undefined): string {
  try {
    return bytes ? gunzipSync(bytes, { maxOutputLength: maxMtree }).toString('latin1') : '';
  } catch {
    // Not gzip, cut, or too large: then only the names of the files are known.
    return '';
  }
}

/** What the names in the tree say: packages of languages, snaps, flatpaks, and when the newest was installed. */
function readNames(tree: ImageTree, draft: Draft, text: TextOf): void {
  const languages: LanguagePackage[] = [];
  const links = new Map<string, string>();
  const snaps: string[] = [];
  for (const { path, type, link, mtime } of tree.entries.values()) {
    if (type === 'l') {
      if (isBundleLink(path)) links.set(path, link);
      continue;
    }
    if (type === 'f' && isSnapFile(path)) snaps.push(path);
    const one = languagePackage(path, path.endsWith('/package.json') ? npmVersion(text(path)) : undefined);
    if (one) languages.push(one);
    if (one && path.endsWith('.dist-info') && type === 'd')
      noteFiles(draft, parseRecord(path, text(`${path}/RECORD`)), 'first');
    const installation = dated.test(path) || (type === 'd' && path.endsWith('.dist-info') && one);
    if (installation) draft.newestPackageAt = Math.max(draft.newestPackageAt, Math.ceil(mtime));
  }
  noteFacts(draft, languageFacts(languages));
  noteFacts(draft, bundleFacts(links, snaps));
}
