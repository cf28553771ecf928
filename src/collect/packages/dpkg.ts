import { escapeName } from '../../core/bytes.ts';

/** A conffile of a package with the md5 of the content the package shipped (deb-conffiles(5), `Conffiles:` of status). */
export interface Conffile {
  path: string;
  md5: string;
  package: string;
}

/**
 * dpkg's status file (deb822 stanzas, whole or reduced to the fields below) to installed packages
 * `dpkg NAME[:arch]` -> version. Only state `installed` counts (`rc` = only its configuration is left); a hold or an
 * unfinished state is shown behind the version. The architecture is part of the name where the same package is
 * installed for several.
 */
export function parseDpkgStatus(text: string): { packages: Map<string, string>; conffiles: Conffile[] } {
  const rows: { name: string; arch: string; version: string }[] = [];
  const conffiles: Conffile[] = [];
  for (const stanza of text.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`(?:^|\\n)${name}: *([^\\n]*)`).exec(stanza)?.[1]?.trim() ?? '';
    const name = field('Package');
    const [want, flag, state] = field('Status').split(' ');
    if (!name || !state || state === 'not-installed' || state === 'config-files') continue;
    const mark =
      state === 'installed'
        ? want === 'hold'
          ? ' (hold)'
          : ''
        : ` (${[flag, state].filter((w) => w !== 'ok').join(' ')})`;
    rows.push({ name, arch: field('Architecture'), version: field('Version') + mark });
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
  return { packages, conffiles };
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
