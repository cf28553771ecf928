import { posix } from 'node:path';
import type { Finding } from '../core/finding.ts';
import { differingExtra, type FileValue, isExecutable, parseFileValue } from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case } from './case.ts';
import type { FileDrift } from './files.ts';

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
  return accounts.find((a) => a.change === 'added' && isOwn(the, path, after, a));
}

/** Does the file belong to root, and may nobody read or write it who may not in the image or by its nature? */
function isSealed(the: Case, { before, after }: FileDrift, name: string): boolean {
  if (after?.type !== 'f' || after.uid !== '0' || after.capabilities !== (before?.capabilities ?? '-')) return false;
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
  const moved = [...after.filter((l) => !before.includes(l)), ...before.filter((l) => !after.includes(l))];
  const owners = moved.map((line) => {
    const [, user, first] = /^([^:]+):(\d+):\d+$/.exec(line) ?? [];
    return Number(first) >= 65_536 ? accounts.find((a) => a.subject === `user ${user}`) : undefined;
  });
  return owners.every((owner) => owner !== undefined) ? owners[0] : undefined;
}

/** The home itself, what useradd copies into it from the image's /etc/skel, and the mailbox. */
function isOwn(the: Case, path: string, after: FileValue, account: Finding): boolean {
  const home = account.after?.['home'];
  const name = account.subject.replace(/^user /, '');
  const writable = (Number.parseInt(after.mode, 8) & 0o022) !== 0;
  if (path === `/var/mail/${name}` || path === `/var/spool/mail/${name}`)
    return after.type === 'f' && !isExecutable(after);
  if (typeof home !== 'string' || home.length < 2 || writable) return false;
  if (path === home) return after.type === 'd';
  if (posix.dirname(path) !== home || after.type !== 'f' || isExecutable(after)) return false;
  const skeleton = lookup(the.image.files, `/etc/skel/${posix.basename(path)}`);
  return skeleton !== undefined && parseFileValue(skeleton).sha256 === after.sha256;
}
