import { unescapeName } from '../core/bytes.ts';
import type { Finding } from '../core/finding.ts';
import { aliasResolver } from '../fingerprint/alias.ts';
import { differInCapabilities, differingExtra, type FileValue, parseFileValue } from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case, FileDrift, PackageChanges } from './case.ts';

/** Where each kind of setting, or a mark of a package, is written down. */
const places: readonly { word: string; path: RegExp }[] = [
  { word: 'dpkg', path: /^\/var\/lib\/(dpkg\/status(-old)?|apt\/extended_states)$/ },
  { word: 'dpkg-diversion', path: /^\/var\/lib\/dpkg\/diversions(-old)?$/ },
  { word: 'dpkg-statoverride', path: /^\/var\/lib\/dpkg\/statoverride(-old)?$/ },
  { word: 'dpkg-arch', path: /^\/var\/lib\/dpkg\/arch(-old)?$/ },
  { word: 'rpm-key', path: /^\/(var\/lib\/rpm|usr\/lib\/sysimage\/rpm)\/[^/]+$/ },
  { word: 'apk-world', path: /^\/etc\/apk\/world$/ },
  { word: 'pacman', path: /^\/var\/lib\/pacman\/local\/[^/]+\/desc$/ },
];

/**
 * Files that a changed setting of a package manager explains: the database where it stands, a file that a diversion moved
 * as it was, and a file that has the very mode and owner of a statoverride and is as it was otherwise.
 */
export function explainedBySetting(the: Case, file: FileDrift, packages: PackageChanges): Finding | undefined {
  if (packages.settings.size === 0) return undefined;
  const { key } = file.drift;
  const place = places.find(({ path }) => path.test(key));
  if (place) {
    const found = [...packages.settings].find(([setting]) => setting.startsWith(`${place.word} `));
    return found && hasSameRights(file) ? found[1] : undefined;
  }
  const resolve = aliasResolver(the.live.files);
  for (const [setting, finding] of packages.settings) {
    const space = setting.indexOf(' ');
    const path = resolve(setting.slice(space + 1));
    switch (setting.slice(0, space)) {
      case 'dpkg-diversion':
        if (isMoved(the, file, path, resolve, setting)) return finding;
        break;
      case 'dpkg-statoverride':
        if (path === key && isOverride(the, file, lookup(the.live.packages, setting))) return finding;
        break;
    }
  }
  return undefined;
}

/** A database keeps its mode and owner, or is a new file of root's that only root writes. */
function hasSameRights({ before, after }: FileDrift): boolean {
  if (!after) return true;
  if (after.type !== 'f') return false;
  if (before) return before.mode === after.mode && before.uid === after.uid && before.gid === after.gid;
  return after.uid === '0' && (Number.parseInt(after.mode, 8) & 0o7133) === 0;
}

function isMoved(the: Case, file: FileDrift, from: string, resolve: (path: string) => string, key: string): boolean {
  const value = lookup(the.live.packages, key) ?? lookup(the.image.packages, key) ?? '';
  const to = resolve(value.slice(value.indexOf(' ') + 1));
  const here = file.drift.key;
  if (here !== from && here !== to) return false;
  const there = here === from ? to : from;
  if (file.drift.change === 'removed') return same(the.live.files, there, file.before);
  return file.drift.change === 'added' && same(the.image.files, there, file.after);
}

/** Is the file at this path the same but for its name? */
function same(files: Buffer, path: string, file: FileValue | undefined): boolean {
  const value = lookup(files, path);
  if (value === undefined || !file) return false;
  const there = parseFileValue(value);
  const rights = there.mode === file.mode && there.uid === file.uid && there.gid === file.gid;
  const content = there.type === file.type && there.sha256 === file.sha256 && there.link === file.link;
  return rights && content && file.sha256 !== '?' && !differInCapabilities(there, file);
}

function isOverride(the: Case, { before, after }: FileDrift, value: string | undefined): boolean {
  if (!value || !before || !after) return false;
  const [user = '', group = '', mode = ''] = unescapeName(value).split(' ');
  const asSaid =
    Number.parseInt(after.mode, 8) === Number.parseInt(mode, 8) &&
    after.uid === idOf(the, 'user', user) &&
    after.gid === idOf(the, 'group', group);
  const unchanged = before.type === after.type && before.sha256 === after.sha256 && before.link === after.link;
  return asSaid && unchanged && before.sha256 !== '?' && differingExtra(before.extra, after.extra).length === 0;
}

/** dpkg writes a number as `#12`. */
function idOf(the: Case, kind: 'user' | 'group', name: string): string | undefined {
  return name.startsWith('#') ? name.slice(1) : lookup(the.live.accounts, `${kind} ${name}`)?.split('\t')[0];
}
