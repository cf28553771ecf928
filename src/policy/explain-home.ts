import { posix } from 'node:path';
import { unescapeName } from '../core/bytes.ts';
import type { Finding } from '../core/finding.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case, FileDrift, PackageChanges } from './case.ts';
import { placesOf } from './managers.ts';

/**
 * Files of packages that no list names: what lies in the directory of a package of a language, the links that lead
 * there, and what snapd and flatpak make of a revision.
 */
export function explainedByHome(the: Case, file: FileDrift, packages: PackageChanges): Finding | undefined {
  const path = file.drift.key;
  for (const { key, drift, finding } of packages.drifts) {
    if (key.own) continue;
    if (key.manager === 'snap') {
      const homes = [`/snap/${key.name}`, `/var/lib/snapd/snap/${key.name}`, `/var/lib/snapd/snaps/${key.name}`];
      if (isOfSnap(the, file, key.name) || homes.some((home) => isOnTheWay(file, home))) return finding;
    } else if (key.manager === 'flatpak') {
      const homes = [`/var/lib/flatpak/app/${key.name}`, `/var/lib/flatpak/runtime/${key.name}`];
      if (isOfFlatpak(file, key.name) || homes.some((home) => isOnTheWay(file, home))) return finding;
    } else {
      const homes = [...placesOf(drift.before), ...placesOf(drift.after)].flatMap((place) => homesOf(place.path));
      if (homes.some((home) => isBelow(path, home) || leadsTo(file, home) || isOnTheWay(file, home))) return finding;
    }
  }
  return undefined;
}

/** What belongs to one package alone: its directory, and of a gem what lies beside it under the same name. */
function homesOf(place: string): string[] {
  const [, root, name] = /^(.*)\/specifications\/(?:default\/)?([^/]+)\.gemspec$/.exec(place) ?? [];
  if (!root || !name) return place === '' ? [] : [place];
  const beside = [`gems/${name}`, `doc/${name}`, `cache/${name}.gem`, `build_info/${name}.info`];
  return [place, ...beside.map((part) => `${root}/${part}`)];
}

function isBelow(path: string, home: string): boolean {
  return path === home || path.startsWith(`${home}/`);
}

/** A link among the programs to a program of the package. */
function leadsTo({ drift, before, after }: FileDrift, home: string): boolean {
  const link = after ?? before;
  if (link?.type !== 'l' || !/^\/usr\/(local\/)?bin\/[^/]+$/.test(drift.key)) return false;
  return isBelow(posix.resolve(posix.dirname(drift.key), link.link), home);
}

/** A directory that was made for the first package in it: nobody but root may write to it. */
function isOnTheWay({ drift, after }: FileDrift, home: string): boolean {
  const plain = drift.change === 'added' && after?.type === 'd' && after.uid === '0';
  if (!plain || (Number.parseInt(after.mode, 8) & 0o7022) !== 0) return false;
  const gems = /^(.*)\/(?:specifications|gems)\//.exec(home)?.[1];
  const sibling = gems && /^\/(build_info|cache|doc|extensions|gems|plugins|specifications)$/;
  return (
    home.startsWith(`${drift.key}/`) ||
    (!!sibling && drift.key.startsWith(gems) && sibling.test(drift.key.slice(gems.length)))
  );
}

/** Snapd's own files of a snap carry its name; its units must run it, mount it, and do nothing else. */
function isOfSnap(the: Case, file: FileDrift, name: string): boolean {
  const path = unescapeName(file.drift.key);
  if (
    isBelow(path, `/snap/${name}`) ||
    isBelow(path, `/var/lib/snapd/snap/${name}`) ||
    isBelow(path, `/var/snap/${name}`)
  )
    return true;
  const state =
    /^\/var\/lib\/snapd\/(?:snaps|sequence|apparmor|seccomp|mount|cgroup|desktop|inhibit|ns|cookie)\/(.+)$/.exec(path);
  if (state?.[1]) return carries(state[1], name);
  const unit = /^\/etc\/systemd\/system\/(?:[^/]+\.wants\/)?([^/]+\.(?:mount|service|timer|socket))$/.exec(path)?.[1];
  if (!unit || !(unit.startsWith(`snap.${name}.`) || unit.startsWith(`snap-${systemdEscape(name)}-`))) return false;
  if (file.drift.change === 'removed') return true;
  if (file.after?.type === 'l') return unescapeName(file.after.link) === `/etc/systemd/system/${unit}`;
  const text = lookup(the.live.contents, file.drift.key);
  return text !== undefined && isSnapUnit(unescapeName(text), name);
}

/** The name as a whole word of a file's name: `core` is not `core22`. */
function carries(text: string, name: string): boolean {
  const at = text.indexOf(name);
  if (at < 0) return false;
  const edge = (character: string | undefined) => character === undefined || /[._/]/.test(character);
  return edge(text[at - 1]) && edge(text[at + name.length]);
}

/** What a name is in a unit's name (systemd.unit(5)): a dash is written \x2d. */
function systemdEscape(name: string): string {
  return name.replaceAll('-', '\\x2d');
}

function isSnapUnit(text: string, name: string): boolean {
  return text.split('\n').every((line) => {
    const [, directive = '', value = ''] = /^\s*(Exec\w*|What|Where|Environment\w*|User)\s*=(.*)$/.exec(line) ?? [];
    if (directive === '') return !line.trimEnd().endsWith('\\');
    if (directive === 'What') return value.startsWith(`/var/lib/snapd/snaps/${name}_`);
    if (directive === 'Where') return isBelow(value, `/snap/${name}`) || isBelow(value, `/var/lib/snapd/snap/${name}`);
    if (directive.startsWith('Exec')) return /^\/usr\/bin\/snap run /.test(value) && value.includes(` ${name}`);
    return directive === 'EnvironmentFile' && value === '-/etc/environment';
  });
}

function isOfFlatpak({ drift, after, before }: FileDrift, id: string): boolean {
  const path = drift.key;
  if (path.startsWith('/var/lib/flatpak/repo/')) return true;
  if (isBelow(path, `/var/lib/flatpak/app/${id}`) || isBelow(path, `/var/lib/flatpak/runtime/${id}`)) return true;
  const isExport = path.startsWith('/var/lib/flatpak/exports/') && (after ?? before)?.type === 'l';
  return isExport && (path.split('/').at(-1) ?? '').startsWith(id);
}
