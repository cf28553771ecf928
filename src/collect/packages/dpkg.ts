import { escapeName } from '../../core/bytes.ts';

/** A conffile of a package with the md5 of the content the package shipped (deb-conffiles(5), `Conffiles:` of status). */
export interface Conffile {
  path: string;
  md5: string;
  package: string;
}

/** What dpkg's status file says. */
export interface DpkgStatus {
  packages: Map<string, string>;
  conffiles: Conffile[];
  /** The architecture of dpkg itself; empty when it is not installed. */
  native: string;
}

/**
 * dpkg's status file (deb822 stanzas, whole or reduced to the fields below) to installed packages
 * `dpkg NAME[:arch]` -> version. Only state `installed` counts (`rc` = only its configuration is left); an unfinished
 * state, a hold, and that it came as a dependency (`auto`, see {@link parseExtendedStates}) stand behind the version.
 * The architecture is part of the name where the same package is installed for several.
 */
export function parseDpkgStatus(text: string, auto: ReadonlySet<string> = new Set()): DpkgStatus {
  const rows: Row[] = [];
  const conffiles: Conffile[] = [];
  let native = '';
  for (const stanza of text.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`(?:^|\\n)${name}: *([^\\n]*)`).exec(stanza)?.[1]?.trim() ?? '';
    const name = field('Package');
    const [want, flag, state] = field('Status').split(' ');
    if (!name || !state || state === 'not-installed' || state === 'config-files') continue;
    const arch = field('Architecture');
    // apt notes packages for all architectures under the native one.
    const isAuto = auto.has(`${name} ${arch}`) || (arch === 'all' && auto.has(name));
    if (name === 'dpkg') native = arch;
    rows.push({ name, arch, version: field('Version'), want, flag, state, isAuto });
    const block = /(?:^|\n)Conffiles:\s*\n((?: [^\n]*(?:\n|$))*)/.exec(stanza)?.[1] ?? '';
    for (const line of block.split('\n')) {
      const match = /^ (\/.*) ([0-9a-f]{32})(?: obsolete| remove-on-upgrade)*$/.exec(line);
      if (match?.[1] && match[2]) conffiles.push({ path: match[1], md5: match[2], package: name });
    }
  }
  return { packages: factsOf(rows), conffiles, native };
}

interface Row {
  name: string;
  arch: string;
  version: string;
  want: string | undefined;
  flag: string | undefined;
  state: string;
  isAuto: boolean;
}

function factsOf(rows: readonly Row[]): Map<string, string> {
  const count = new Map<string, number>();
  for (const { name } of rows) count.set(name, (count.get(name) ?? 0) + 1);
  const packages = new Map<string, string>();
  for (const { name, arch, version, want, flag, state, isAuto } of rows) {
    const unfinished = state === 'installed' ? '' : [flag, state].filter((w) => w !== 'ok').join(' ');
    const marks = [unfinished, want === 'hold' ? 'hold' : '', isAuto ? 'auto' : ''].filter((mark) => mark !== '');
    const key = (count.get(name) ?? 0) > 1 ? `${name}:${arch}` : name;
    packages.set(`dpkg ${escapeName(key)}`, escapeName(version + (marks.length > 0 ? ` (${marks.join(', ')})` : '')));
  }
  return packages;
}

/**
 * The same facts from lines `NAME TAB ARCH TAB VERSION TAB STATUS TAB 1|-`: what the program says where no package is newer
 * than the image. The status is empty for `install ok installed`; the last field says that it came as a dependency.
 */
export function parseDpkgBrief(text: string): DpkgStatus {
  const rows: Row[] = [];
  let native = '';
  for (const line of text.split('\n')) {
    const [name, arch = '', version = '', status = '', auto] = line.split('\t');
    const [want, flag, state] = (status || 'install ok installed').split(' ');
    if (!name || auto === undefined || !state || state === 'not-installed' || state === 'config-files') continue;
    if (name === 'dpkg') native = arch;
    rows.push({ name, arch, version, want, flag, state, isAuto: auto === '1' });
  }
  return { packages: factsOf(rows), conffiles: [], native };
}

/** apt's `extended_states` to the packages that came as dependencies: `NAME ARCH` and `NAME`. */
export function parseExtendedStates(text: string): Set<string> {
  const auto = new Set<string>();
  for (const stanza of text.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`(?:^|\\n)${name}: *([^\\n ]*)`).exec(stanza)?.[1] ?? '';
    if (field('Auto-Installed') === '1') addAuto(auto, `${field('Package')} ${field('Architecture')}`);
  }
  return auto;
}

function addAuto(auto: Set<string>, line: string): void {
  const name = line.split(' ', 1)[0];
  if (name) auto.add(line).add(name);
}

/** `PKG.list`: absolute paths, one a line; `/.` is the root. */
export function parseList(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('/') && line !== '/.');
}

/** `PKG.md5sums`: `md5  path-without-leading-slash` lines. */
export function parseMd5sums(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{32}) [ *](.+)$/.exec(line);
    if (match?.[1] && match[2]) found.set(`/${match[2]}`, match[1]);
  }
  return found;
}

/** Package name of an info file: `libc6:amd64.list` -> `libc6`. */
export function packageOfInfo(file: string): string {
  return file.replace(/\.(list|md5sums|conffiles)$/, '').replace(/:[a-z0-9-]+$/, '');
}
