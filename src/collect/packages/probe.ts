import type { Draft } from '../../core/draft.ts';
import type { Probe } from '../probe.ts';
import { parseApk } from './apk.ts';
import { type Conffile, packageOfInfo, parseDpkgStatus, parseList, parseMd5sums } from './dpkg.ts';
import { question } from './question.ts';
import { parseRpm, parseRpmFiles } from './rpm.ts';

/** Files of dpkg's info directory: file name (`openssl.list`) -> content. */
export type DpkgInfo = Map<string, string>;

/** Notes who owns which path, and which md5 the package gave it. */
export function dpkgOwners(info: DpkgInfo, conffiles: Conffile[], owned: Map<string, string>): void {
  const sums = new Map<string, string>();
  for (const [file, text] of info) {
    if (!file.endsWith('.md5sums')) continue;
    for (const [path, md5] of parseMd5sums(text)) sums.set(path, md5);
  }
  const config = new Map(conffiles.map((c) => [c.path, c.md5]));
  for (const [file, text] of info) {
    if (!file.endsWith('.list')) continue;
    const name = packageOfInfo(file);
    for (const path of parseList(text)) {
      const md5 = config.get(path);
      // A directory belongs to many packages: the first says it, and it has no content to protect.
      if (!owned.has(path) || sums.has(path) || md5) {
        owned.set(path, md5 ? `${name} ${md5} conffile` : `${name} ${sums.get(path) ?? '-'}`);
      }
    }
  }
}

/** Paths (absolute) whose md5 is not the one that the package database has for the conffile. */
function alteredConffiles(text: string, conffiles: Conffile[], altered: Set<string>): void {
  const expected = new Map(conffiles.map((c) => [c.path, c.md5]));
  for (const [path, md5] of parseMd5sums(text)) {
    const shipped = expected.get(path);
    if (shipped && shipped !== md5) altered.add(path);
  }
}

function parse(records: string[], draft: Draft): void {
  const info: DpkgInfo = new Map();
  let directory = '';
  let conffiles: Conffile[] = [];
  let conffileSums = '';
  for (const record of records) {
    const inside = directory && record.startsWith(directory);
    if (inside) {
      const match = /^([^/\n]{1,300}?\.(?:list|md5sums|conffiles)):/.exec(record.slice(directory.length));
      if (match?.[1]) info.set(match[1], record.slice(directory.length + match[0].length));
      continue;
    }
    const space = record.indexOf(' ');
    const value = record.slice(space + 1);
    switch (record.slice(0, space)) {
      case 'dpkg-status': {
        const status = parseDpkgStatus(value);
        for (const [key, version] of status.packages) draft.packages.set(key, version);
        conffiles = status.conffiles;
        break;
      }
      case 'dpkg-info':
        directory = value;
        break;
      case 'newest':
        draft.newestPackageAt = Math.max(draft.newestPackageAt, Math.ceil(Number(value)) || 0);
        break;
      case 'dpkg-altered':
        for (const path of value.split('\n')) if (path) draft.altered.add(`/${path}`);
        break;
      case 'dpkg-conffile-md5':
        conffileSums = value;
        break;
      case 'rpm': {
        const rpm = parseRpm(value);
        for (const [key, version] of rpm.packages) draft.packages.set(key, version);
        draft.newestPackageAt = Math.max(draft.newestPackageAt, rpm.newest);
        break;
      }
      case 'rpm-files':
        for (const [path, owner] of parseRpmFiles(value)) draft.owned.set(path, owner);
        break;
      case 'apk': {
        const apk = parseApk(value);
        for (const [key, version] of apk.packages) draft.packages.set(key, version);
        for (const [path, owner] of apk.owned) draft.owned.set(path, owner);
        break;
      }
      case 'no-tool':
        draft.gap(
          'packages',
          'tool-missing',
          value.startsWith('md5sum')
            ? 'no md5sum on the instance: files of packages changed in place could not be verified'
            : `there is an rpm database but no rpm to read it (${value.slice(0, 80)})`,
        );
        break;
    }
  }
  dpkgOwners(info, conffiles, draft.owned);
  alteredConffiles(conffileSums, conffiles, draft.altered);
}

export const packages: Probe = {
  name: 'packages',
  about: 'packages of dpkg, rpm and apk, and what their databases say about each file',
  asks: 'always',
  question,
  parse: (frame, draft) => parse(frame.records(), draft),
};
