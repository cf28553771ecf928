import { escapeName } from '../../core/bytes.ts';
import type { Shipped } from '../../core/facts.ts';
import type { OwnedFiles } from './owned.ts';

/** RPMFILE_CONFIG and RPMFILE_GHOST of rpm's rpmfiles.h. */
const configFlag = 1;
const ghostFlag = 64;

/** Installed packages and keys that may sign packages, and the newest installation in epoch seconds. */
export interface RpmPackages {
  packages: Map<string, string>;
  newest: number;
}

/**
 * `name TAB [epoch:]version-release TAB arch TAB installtime TAB summary` lines to packages. The same name may be
 * installed in several versions (kernel) or architectures: they are one fact with all of them, sorted. `gpg-pubkey` is
 * no package but a key: `rpm-key VERSION-RELEASE` -> summary.
 */
export function parseRpm(text: string): RpmPackages {
  const versions = new Map<string, { version: string; arch: string }[]>();
  const packages = new Map<string, string>();
  let newest = 0;
  for (const line of text.split('\n')) {
    const [name, version, arch = '', installed, ...summary] = line.split('\t');
    if (!name || !version) continue;
    const at = Number(installed);
    if (Number.isFinite(at)) newest = Math.max(newest, at);
    if (name === 'gpg-pubkey') packages.set(`rpm-key ${escapeName(version)}`, escapeName(summary.join(' ') || '-'));
    else {
      const list = versions.get(name) ?? [];
      list.push({ version, arch });
      versions.set(name, list);
    }
  }
  for (const [name, list] of versions) {
    const several = new Set(list.map((one) => one.arch)).size > 1;
    const told = list.map(({ version, arch }) => (several ? `${version}.${arch}` : version));
    packages.set(`rpm ${escapeName(name)}`, escapeName(told.sort().join(',')));
  }
  return { packages, newest };
}

/**
 * Lines of `installtime package flags digest mode user group capabilities link path`, separated by tabs, to ownership.
 * Configuration may have been edited and a ghost has no content: of these only mode and owner are known, or nothing.
 * An md5 or sha1 (old packages) is shown but cannot be compared with what was read.
 */
export function parseRpmFiles(text: string): OwnedFiles {
  const found: OwnedFiles = { owned: new Map(), shipped: new Map() };
  for (const line of text.split('\n')) {
    const fields = line.split('\t');
    if (fields.length < 10) continue;
    const [, name = '', flags, ...rest] = fields;
    const [digest = '', mode = '', user = '', group = '', capabilities = '', link = '', ...path] = rest.map(none);
    const place = path.join('\t');
    if (!name || !place.startsWith('/')) continue;
    const bits = Number(flags) || 0;
    const ghost = (bits & ghostFlag) !== 0;
    const sum = digest && !ghost ? digest : '-';
    found.owned.set(place, `${escapeName(name)} ${escapeName(sum)}${bits & configFlag ? ' conffile' : ''}`);
    if (!ghost) found.shipped.set(place, shippedOf({ sum, mode, user, group, capabilities, link }));
  }
  return found;
}

interface Said {
  sum: string;
  mode: string;
  user: string;
  group: string;
  capabilities: string;
  link: string;
}

function shippedOf({ sum, mode, user, group, capabilities, link }: Said): Shipped {
  const isMode = /^[0-7]{4,7}$/.test(mode);
  return {
    ...(/^[0-9a-f]{64}$/.test(sum) ? { sha256: sum } : {}),
    ...(isMode ? { mode: (Number.parseInt(mode, 8) & 0o7777).toString(8) } : {}),
    ...(user ? { user } : {}),
    ...(group ? { group } : {}),
    ...(link ? { link } : {}),
    capabilities: capabilities !== '' && capabilities !== '=',
  };
}

/** rpm says `(none)` for what is not there. */
function none(field: string): string {
  return field === '(none)' ? '' : field;
}
