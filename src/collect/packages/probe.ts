import type { Draft } from '../../core/draft.ts';
import type { Probe } from '../probe.ts';
import { parseApk, parseApkWorld } from './apk.ts';
import { bundleFacts } from './bundles.ts';
import { parseDpkgBrief, parseDpkgStatus, parseExtendedStates } from './dpkg.ts';
import { dpkgAltered, dpkgOwners } from './dpkg-owners.ts';
import { parseDiversions, settingsOfDpkg } from './dpkg-settings.ts';
import { type LanguagePackage, languageFacts, languagePackage, npmVersion, parseRecord } from './language.ts';
import { noteFacts, noteFiles } from './owned.ts';
import { parsePacman, parsePacmanFiles } from './pacman.ts';
import { question } from './question.ts';
import { parseRpm, parseRpmFiles } from './rpm.ts';

/** Records by their first word; dpkg's info files by their name. */
interface Said {
  /** The last one of each word. */
  texts: Map<string, string>;
  /** All of each word, where there may be several. */
  lists: Map<string, string[]>;
  info: Map<string, string>;
}

function sort(records: string[]): Said {
  const said: Said = { texts: new Map(), lists: new Map(), info: new Map() };
  let directory = '';
  for (const record of records) {
    if (directory && record.startsWith(directory)) {
      const match = /^([^/\n]{1,300}?\.(?:list|md5sums|conffiles)):/.exec(record.slice(directory.length));
      if (match?.[1]) said.info.set(match[1], record.slice(directory.length + match[0].length));
      continue;
    }
    const space = record.indexOf(' ');
    const word = record.slice(0, space);
    const value = record.slice(space + 1);
    if (word === 'dpkg-info') directory = value;
    said.texts.set(word, value);
    const list = said.lists.get(word);
    if (list) list.push(value);
    else said.lists.set(word, [value]);
  }
  return said;
}

function parse(records: string[], draft: Draft): void {
  const said = sort(records);
  const all = (word: string) => said.lists.get(word) ?? [];
  for (const at of all('newest')) draft.newestPackageAt = Math.max(draft.newestPackageAt, Math.ceil(Number(at)) || 0);
  readDpkg(said, draft);
  for (const text of all('rpm')) {
    const rpm = parseRpm(text);
    noteFacts(draft, rpm.packages);
    draft.newestPackageAt = Math.max(draft.newestPackageAt, rpm.newest);
  }
  for (const text of all('rpm-files')) noteFiles(draft, parseRpmFiles(text));
  for (const text of all('apk')) {
    const apk = parseApk(text);
    noteFacts(draft, apk.packages);
    noteFiles(draft, apk);
  }
  for (const text of all('apk-world')) noteFacts(draft, parseApkWorld(text));
  for (const path of all('apk-altered').flatMap(paths)) draft.altered.add(path);
  readPacman(all, draft);
  readLanguages(all, draft);
  const links = new Map(all('bundle').map(split));
  noteFacts(draft, bundleFacts(links, all('snap-file')));
  noteGaps(all, draft);
}

function readDpkg({ texts, lists, info }: Said, draft: Draft): void {
  const text = (word: string) => texts.get(word) ?? '';
  const status = texts.has('dpkg-brief')
    ? parseDpkgBrief(text('dpkg-brief'))
    : parseDpkgStatus(text('dpkg-status'), parseExtendedStates(text('apt-states')));
  // Without that file, nobody knows which of them came as dependencies, which is part of what is compared.
  if (!lists.get('unread')?.includes('apt-states')) noteFacts(draft, status.packages);
  const settings = {
    diversions: text('dpkg-diversions'),
    statoverride: text('dpkg-statoverride'),
    arch: text('dpkg-arch'),
  };
  noteFacts(draft, settingsOfDpkg(settings, status.native));
  const files = { info, conffiles: status.conffiles, diversions: parseDiversions(settings.diversions) };
  dpkgOwners(files, draft.owned);
  const sums = {
    failed: paths(text('dpkg-altered')),
    conffiles: text('dpkg-conffile-md5'),
    diverted: text('dpkg-diverted-md5'),
  };
  dpkgAltered(files, sums, draft.altered);
}

type All = (word: string) => string[];

function readPacman(all: All, draft: Draft): void {
  const bare = (path: string) => path.replace(/^\.\//, '').replace(/\/desc$/, '');
  const auto = new Set(all('pacman-auto').flatMap((text) => text.split('\n').map(bare)));
  noteFacts(draft, parsePacman(all('pacman').map(bare), auto));
  const mtrees = new Map(all('pacman-mtree').map(split));
  for (const [directory, text] of all('pacman-files').map(split))
    noteFiles(draft, parsePacmanFiles(bare(directory), text, mtrees.get(directory) ?? ''));
}

function readLanguages(all: All, draft: Draft): void {
  const found: LanguagePackage[] = [];
  const note = (path: string, version?: string) => {
    const one = languagePackage(path.slice(draft.strip), version);
    if (one) found.push(one);
  };
  for (const path of all('lang')) note(path);
  for (const [path, text] of all('npm').map(split)) note(path, npmVersion(text));
  noteFacts(draft, languageFacts(found));
  for (const [path, text] of all('py-record').map(split))
    noteFiles(draft, parseRecord(path.slice(draft.strip), text), 'first');
}

const closed: Readonly<Record<string, string>> = {
  'dpkg-status': '/var/lib/dpkg/status',
  'apt-states': '/var/lib/apt/extended_states',
  'dpkg-diversions': '/var/lib/dpkg/diversions',
  'dpkg-statoverride': '/var/lib/dpkg/statoverride',
  'dpkg-arch': '/var/lib/dpkg/arch',
  apk: '/lib/apk/db/installed',
  'apk-world': '/etc/apk/world',
};

function noteGaps(all: All, draft: Draft): void {
  for (const [word, path] of Object.entries(closed))
    if (all('unread').includes(word))
      draft.cut('packages', 'permission', `${path} may not be read by this account: what it holds is unknown`);
  for (const value of all('rpm-failed'))
    draft.cut(
      'packages',
      'unreadable',
      `the rpm database in /${value.slice(0, 80)} is there, but rpm could not read it`,
    );
  for (const value of all('no-tool')) {
    const [tool = ''] = value.split(' ');
    if (tool === 'rpm') {
      const detail = `there is an rpm database but no rpm to read it (${value.slice(0, 80)})`;
      // An image file tells its packages without rpm: beside such a manifest they are unknown here, not removed.
      if (draft.since > 0) draft.cut('packages', 'tool-missing', detail);
      else draft.gap('packages', 'tool-missing', detail);
    } else
      draft.gap(
        'packages',
        'tool-missing',
        `no ${tool.slice(0, 20)} on the instance: files of packages changed in place could not be verified`,
      );
  }
}

/** A first line and the rest. */
function split(text: string): [string, string] {
  const lf = text.indexOf('\n');
  return lf < 0 ? [text, ''] : [text.slice(0, lf), text.slice(lf + 1)];
}

/** Lines of paths without leading slash. */
function paths(text: string): string[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((path) => `/${path}`);
}

export const packages: Probe = {
  name: 'packages',
  about:
    'packages of dpkg, rpm, apk, pacman, pip, npm, gem, snap and flatpak, settings of dpkg, keys of rpm, and what their databases say about each file',
  source: 'databases of the package managers, see below',
  needs: 'anybody',
  cost: '0.1 KB a package where none is newer than the image; lists and digests of those that are',
  asks: 'always',
  question,
  parse: (frame, draft) => parse(frame.records(), draft),
};
