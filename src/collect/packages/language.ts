import { posix } from 'node:path';
import { escapeName } from '../../core/bytes.ts';
import type { Shipped } from '../../core/facts.ts';
import type { OwnedFiles } from './owned.ts';

/**
 * Packages of languages that are installed for everybody, by the names that their tools give to what they install:
 * `NAME-VERSION.dist-info` or `.egg-info` (PEP 376), `NAME-VERSION[-PLATFORM].gemspec`, `node_modules/[@SCOPE/]NAME` with
 * its package.json. The paths say where the program looks, too.
 */
const python = /^(\/usr\/(?:local\/)?lib(?:64)?\/python[23][0-9.]*\/(?:dist|site)-packages)\/([^/]+)\.(dist|egg)-info$/;
const gem =
  /^\/(?:usr\/(?:local\/)?(?:lib(?:64)?\/ruby\/gems\/[^/]+|share\/(?:gems|rubygems-integration(?:\/[^/]+)?))|var\/lib\/gems\/[^/]+)\/specifications\/(?:default\/)?([^/]+)\.gemspec$/;
const npm = /^\/usr\/(?:local\/)?lib(?:64)?\/node_modules\/((?:@[^/]+\/)?[^/@.][^/]*)\/package\.json$/;

/** A package of a language: `pip NAME` -> `VERSION PATH`, where the path is that by which it is known; of npm its directory. */
export interface LanguagePackage {
  key: string;
  version: string;
  home: string;
}

/** What a path of such a form says; npm's version stands in the file, see {@link npmVersion}. */
export function languagePackage(path: string, npmVersionHere = '?'): LanguagePackage | undefined {
  const py = python.exec(path);
  if (py?.[2]) {
    const [, name = py[2], version = '?'] = /^(.+?)-([0-9][^-]*)(?:-py[0-9.]+)?$/.exec(py[2]) ?? [];
    // PEP 503: one package has one name, however it is written.
    return { key: `pip ${name.toLowerCase().replace(/[-_.]+/g, '-')}`, version, home: path };
  }
  const spec = gem.exec(path)?.[1];
  if (spec) {
    const [, name = spec, version = '?'] = /^(.+?)-([0-9][^/]*)$/.exec(spec) ?? [];
    return { key: `gem ${name}`, version, home: path };
  }
  const [, module] = npm.exec(path) ?? [];
  if (module) return { key: `npm ${module}`, version: npmVersionHere, home: posix.dirname(path) };
  return undefined;
}

/** Is the text of this file needed to know the package or its files? */
export function isLanguageText(path: string): boolean {
  return npm.test(path) || (path.endsWith('/RECORD') && python.test(posix.dirname(path)));
}

/** First version that a package.json (or what a search for it printed) says. */
export function npmVersion(text: string): string {
  return /"version"\s*:\s*"([^"\n]{1,100})"/.exec(text)?.[1] ?? '?';
}

/** Packages to facts: several versions, or one in several places, are one fact, `VERSION PATH` each, joined by tabs. */
export function languageFacts(packages: Iterable<LanguagePackage>): Map<string, string> {
  const found = new Map<string, string[]>();
  for (const { key, version, home } of packages) {
    const canonical = escapeName(key);
    const list = found.get(canonical) ?? [];
    list.push(`${escapeName(version.replaceAll(/[\s]/g, '_'))} ${escapeName(home)}`);
    found.set(canonical, list);
  }
  return new Map([...found].map(([key, list]) => [key, [...new Set(list)].sort().join('\t')]));
}

/**
 * pip's RECORD (PEP 376, 427): lines `path,sha256=BASE64URL,size`, paths from the directory of packages. Only what lies
 * below the prefix (`/usr/local`) in its lib, bin, share or include is taken: no package of a language owns /etc. The
 * directories on the way belong to it too.
 */
export function parseRecord(info: string, text: string): OwnedFiles {
  const found: OwnedFiles = { owned: new Map(), shipped: new Map() };
  const made = languagePackage(info);
  const site = posix.dirname(info);
  if (!made || !python.test(info)) return found;
  const owner = escapeName(made.key.replace(' ', ':'));
  const prefix = site.startsWith('/usr/local/') ? '/usr/local' : '/usr';
  for (const line of text.split(/\r?\n/)) {
    const [, quoted, plain, digest] = /^(?:"((?:[^"]|"")*)"|([^",]*)),(?:sha256=([\w-]{43}))?/.exec(line) ?? [];
    const path = posix.resolve(site, (quoted?.replaceAll('""', '"') ?? plain) || '/');
    const below = path.slice(prefix.length + 1).split('/', 1)[0] ?? '';
    if (!path.startsWith(`${prefix}/`) || !/^(lib(64)?|bin|share|include)$/.test(below) || path.length > 4096) continue;
    const sha256 = digest ? Buffer.from(digest, 'base64url').toString('hex') : undefined;
    found.owned.set(path, `${owner} ${sha256 ?? '-'}`);
    found.shipped.set(path, shippedOf(sha256));
    for (let up = posix.dirname(path); up.length > prefix.length && !found.owned.has(up); up = posix.dirname(up))
      found.owned.set(up, `${owner} -`);
  }
  return found;
}

/** A tool of a language gives no file the rights of another account. */
function shippedOf(sha256: string | undefined): Shipped {
  return { ...(sha256 ? { sha256 } : {}), user: '0', group: '0', capabilities: false };
}
