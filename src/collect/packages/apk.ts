import { escapeName } from '../../core/bytes.ts';
import type { Shipped } from '../../core/facts.ts';
import type { OwnedFiles } from './owned.ts';

/**
 * apk's `installed` database (wiki.alpinelinux.org/wiki/Apk_spec): stanzas with P name, V version, F directory, M its
 * `uid:gid:mode`, R file, a the same of a file (left out where it is 0:0:644), Z checksum (`Q1` + base64 of sha1).
 */
export function parseApk(text: string): { packages: Map<string, string> } & OwnedFiles {
  const packages = new Map<string, string>();
  const owned = new Map<string, string>();
  const shipped = new Map<string, Shipped>();
  let name = '';
  let directory = '';
  let file = '';
  for (const line of text.split('\n')) {
    const value = line.slice(2);
    if (line === '') name = directory = file = '';
    else if (line.startsWith('P:')) name = value;
    else if (line.startsWith('V:') && name) packages.set(`apk ${escapeName(name)}`, escapeName(value));
    else if (line.startsWith('F:')) {
      directory = value;
      file = '';
      if (value && name) owned.set(`/${value}`, `${escapeName(name)} -`);
    } else if (line.startsWith('R:') && name) {
      file = directory ? `/${directory}/${value}` : `/${value}`;
      owned.set(file, `${escapeName(name)} -`);
      shipped.set(file, { user: '0', group: '0', mode: '644' });
    } else if (line.startsWith('Z:') && file) owned.set(file, `${escapeName(name)} ${escapeName(value)}`);
    else if (line.startsWith('a:') && file) note(shipped, file, value);
    else if (line.startsWith('M:') && directory) note(shipped, `/${directory}`, value);
  }
  return { packages, owned, shipped };
}

function note(shipped: Map<string, Shipped>, path: string, value: string): void {
  const [, user, group, mode] = /^(\d{1,10}):(\d{1,10}):([0-7]{1,5})$/.exec(value) ?? [];
  if (user && group && mode) shipped.set(path, { user, group, mode });
}

/** `/etc/apk/world`, what was asked for: `apk-world NAME` -> the constraint, `-` where there is none. */
export function parseApkWorld(text: string): Map<string, string> {
  const world = new Map<string, string>();
  for (const word of text.split(/\s+/)) {
    const match = /^(!?[^=<>~@!]+)(.*)$/.exec(word);
    if (match?.[1]) world.set(`apk-world ${escapeName(match[1])}`, escapeName(match[2] || '-'));
  }
  return world;
}
