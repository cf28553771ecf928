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
  const rows: { name: string; arch: string; version: string }[] = [];
  const conffiles: Conffile[] = [];
  let native = '';
  for (const stanza of text.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`(?:^|\\n)${name}: *([^\\n]*)`).exec(stanza)?.[1]?.trim() ?? '';
    const name = field('Package');
    const [want, flag, state] = field('Status').split(' ');
    if (!name || !state || state === 'not-installed' || state === 'config-files') continue;
    const arch = field('Architecture');
    const marks: string[] = [];
    if (state !== 'installed') marks.push([flag, state].filter((w) => w !== 'ok').join(' '));
    if (want === 'hold') marks.push('hold');
    // apt notes packages for all architectures under the native one.
    if (auto.has(`${name} ${arch}`) || (arch === 'all' && auto.has(name))) marks.push('auto');
    if (name === 'dpkg') native = arch;
    rows.push({ name, arch, version: field('Version') + (marks.length > 0 ? ` (${marks.join(', ')})` : '') });
    const block = /(?:^|\n)Conffiles:\s*\n((?: [^\n]*(?:\n|$))*)/.exec(stanza)?.[1] ?? '';
    for (const line of block.split('\n')) {
      const match = /^ (\/.*) ([0-9a-f]{32})(?: obsolete| remove-on-upgrade)*$/.exec(line);
      if (match?.[1] && match[2]) conffiles.push({ path: match[1], md5: match[2], package: name });
    }
  }
  const count = new Map<string, number>();
  for (const row of rows) count.set(row.name, (count.get(row.name) ?? 0) + 1);
  const packages = new Map<string, string>();
  for (const row of rows) {
    const key = (count.get(row.name) ?? 0) > 1 ? `${row.name}:${row.arch}` : row.name;
    packages.set(`dpkg ${escapeName(key)}`, escapeName(row.version));
  }
  return { packages, conffiles, native };
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

/** The same, reduced to lines `NAME ARCH`. */
export function parseAutoLines(text: string): Set<string> {
  const auto = new Set<string>();
  for (const line of text.split('\n')) addAuto(auto, line);
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
