import { posix } from 'node:path';
import type { Finding } from '../core/finding.ts';
import {
  differInCapabilities,
  differingExtra,
  type FileValue,
  hasCapabilities,
  isExecutable,
  parseFileValue,
} from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case, FileDrift } from './case.ts';

/** Files that hold accounts: compared entry by entry, so their bytes are explained by the entries that differ. */
const accountFiles = /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)(-?)$/;

/** An account's entry explains the account files, the account's own new home (what is plain in it) and its mailbox. */
export function explainedByAccount(the: Case, file: FileDrift, accounts: Finding[]): Finding | undefined {
  const { key: path, change } = file.drift;
  const [, name, backup] = accountFiles.exec(path) ?? [];
  if (name) {
    if (change === 'removed' ? !backup : !isSealed(the, file, name)) return undefined;
    if (backup) return accounts[0];
    // Who may use which ids is nowhere else: only lines of an account that differs itself are its own.
    if (name.startsWith('sub')) return explainsIds(the, path, accounts);
    const user = accounts.find((a) => a.subject.startsWith('user '));
    return name === 'group' || name === 'gshadow'
      ? (accounts.find((a) => a.subject.startsWith('group ')) ?? user)
      : user;
  }
  if (change !== 'added' || !file.after) return undefined;
  const after = file.after;
  const { homes, names } = owners(accounts);
  const mailbox = /^\/var\/(?:spool\/)?mail\/(.*)$/s.exec(path)?.[1];
  const owner = [
    homes.get(path),
    homes.get(posix.dirname(path)),
    mailbox === undefined ? undefined : names.get(mailbox),
  ];
  return owner
    .filter((one) => one !== undefined)
    .sort((a, b) => a.place - b.place)
    .find(({ account }) => isOwn(the, path, after, account))?.account;
}

interface Owner {
  account: Finding;
  place: number;
}

/** The first account that was added with a home, with a name; of all, by what they are called. */
interface Owners {
  homes: Map<unknown, Owner>;
  names: Map<string, Owner>;
  bySubject: Map<string, Finding>;
}

const known = new WeakMap<Finding[], Owners>();

/** Tens of thousands of accounts must not be looked at for each of hundreds of thousands of files. */
function owners(accounts: Finding[]): Owners {
  const made = known.get(accounts);
  if (made) return made;
  const all: Owners = { homes: new Map(), names: new Map(), bySubject: new Map() };
  for (const [place, account] of accounts.entries()) {
    if (!all.bySubject.has(account.subject)) all.bySubject.set(account.subject, account);
    if (account.change !== 'added') continue;
    const home = account.after?.['home'];
    const name = nameOf(account);
    if (!all.homes.has(home)) all.homes.set(home, { account, place });
    if (!all.names.has(name)) all.names.set(name, { account, place });
  }
  known.set(accounts, all);
  return all;
}

const nameOf = (account: Finding): string => account.subject.replace(/^user /, '');

/** Does the file belong to root, and may nobody read or write it who may not in the image or by its nature? */
function isSealed(the: Case, { before, after }: FileDrift, name: string): boolean {
  if (after?.type !== 'f' || after.uid !== '0') return false;
  if (before ? differInCapabilities(before, after) : hasCapabilities(after)) return false;
  if (differingExtra(before?.extra ?? {}, after.extra).some((attribute) => attribute !== 'selinux')) return false;
  const secret = name.endsWith('shadow');
  const original = lookup(the.image.files, `/etc/${name}`);
  const groups = ['0', before?.gid, original === undefined ? undefined : parseFileValue(original).gid];
  return (Number.parseInt(after.mode, 8) & ~(secret ? 0o640 : 0o644)) === 0 && groups.includes(after.gid);
}

/** The account whose lines are all that differs in subuid or subgid; ids below those are of real accounts. */
function explainsIds(the: Case, path: string, accounts: Finding[]): Finding | undefined {
  const lines = (stream: Buffer) => (lookup(stream, path) ?? '').split('\\n').filter(Boolean);
  const [before, after] = [lines(the.image.contents), lines(the.live.contents)];
  const [had, has] = [new Set(before), new Set(after)];
  const moved = [...after.filter((l) => !had.has(l)), ...before.filter((l) => !has.has(l))];
  const { bySubject } = owners(accounts);
  const found = moved.map((line) => {
    const [, user, first] = /^([^:]+):(\d+):\d+$/.exec(line) ?? [];
    return Number(first) >= 65_536 ? bySubject.get(`user ${user}`) : undefined;
  });
  return found.every((owner) => owner !== undefined) ? found[0] : undefined;
}

/** The home itself, what useradd copies into it from the image's /etc/skel, and the mailbox. */
function isOwn(the: Case, path: string, after: FileValue, account: Finding): boolean {
  const home = account.after?.['home'];
  const name = nameOf(account);
  const writable = (Number.parseInt(after.mode, 8) & 0o022) !== 0;
  if (path === `/var/mail/${name}` || path === `/var/spool/mail/${name}`)
    return after.type === 'f' && !isExecutable(after);
  if (typeof home !== 'string' || home.length < 2 || writable) return false;
  if (path === home) return after.type === 'd';
  if (posix.dirname(path) !== home || after.type !== 'f' || isExecutable(after)) return false;
  const skeleton = lookup(the.image.files, `/etc/skel/${posix.basename(path)}`);
  return skeleton !== undefined && parseFileValue(skeleton).sha256 === after.sha256;
}
