import type { DeedFact } from '../../core/deeds.ts';
import type { Draft } from '../../core/draft.ts';
import type { Probe } from '../probe.ts';
import { unpack } from '../unpack.ts';
import {
  type PackageLog,
  parseApkLog,
  parseAptHistory,
  parseDnfCommands,
  parseDpkgLog,
  parsePacmanLog,
  parseRpmLog,
  parseSnapState,
  parseUnattended,
} from './packages.ts';
import { parseAuthLog } from './people.ts';
import { question } from './question.ts';
import { offsetOf } from './time.ts';

const logs: Readonly<Record<string, PackageLog>> = {
  '/var/log/apt/history.log.1.gz': parseAptHistory,
  '/var/log/apt/history.log': parseAptHistory,
  '/var/log/dpkg.log.1': parseDpkgLog,
  '/var/log/dpkg.log': parseDpkgLog,
  '/var/log/unattended-upgrades/unattended-upgrades.log': parseUnattended,
  '/var/log/dnf.log': parseDnfCommands,
  '/var/log/dnf.rpm.log': parseRpmLog,
  '/var/log/yum.log': parseRpmLog,
  '/var/log/pacman.log': parsePacmanLog,
  '/var/log/apk.log': parseApkLog,
  '/var/lib/snapd/state.json': parseSnapState,
  '/var/log/auth.log.1': parseAuthLog,
  '/var/log/auth.log': parseAuthLog,
  '/var/log/secure': parseAuthLog,
  journal: parseAuthLog,
};

/** Most deeds that are kept of one instance: the newest. */
const most = 10_000;
/** A transaction of dnf does not begin later than this after its command, seconds. */
const longestRun = 3600;

function parse(records: string[], draft: Draft): void {
  const found: DeedFact[] = [];
  const closed = new Set<string>();
  for (const record of records) {
    const lf = record.indexOf('\n');
    const [word, path = '', zone = ''] = (lf < 0 ? record : record.slice(0, lf)).split(' ');
    const read = Object.hasOwn(logs, path) ? logs[path] : undefined;
    if (word === 'unreadable' && read) closed.add(path);
    if (!read || lf < 0 || (word !== 'log' && word !== 'packed')) continue;
    const body = record.slice(lf + 1);
    const text = word === 'packed' ? unpack(body).toString('latin1') : body;
    // A loop: what is there may be more than a call takes arguments.
    for (const one of read(text, path, { offset: offsetOf(zone), readAt: draft.readAt })) found.push(one);
  }
  if (closed.size > 0)
    draft.gap(
      'attribution',
      'permission',
      `${[...closed].join(', ')} may not be read by this account: who changed what stays unknown`,
    );
  const deeds = withCommands(found)
    .filter(({ at }) => at > draft.since && at <= draft.readAt + 86_400)
    .sort((a, b) => b.at - a.at)
    .slice(0, most);
  if (deeds.length > 0) draft.deeds = deeds;
}

/** dnf writes its command into one log and what it did into another: the last command before says which it was. */
function withCommands(deeds: DeedFact[]): DeedFact[] {
  const commands = deeds.filter(({ source }) => source === '/var/log/dnf.log').sort((a, b) => a.at - b.at);
  return deeds.flatMap((deed) => {
    if (deed.source === '/var/log/dnf.log') return [];
    if (deed.source !== '/var/log/dnf.rpm.log') return [deed];
    let low = 0;
    for (let high = commands.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((commands[middle]?.at ?? 0) <= deed.at) low = middle + 1;
      else high = middle;
    }
    const last = commands[low - 1];
    if (!last || deed.at - last.at > longestRun) return [deed];
    const { command, agent } = last;
    return [{ ...deed, ...(command === undefined ? {} : { command }), ...(agent === undefined ? {} : { agent }) }];
  });
}

export const attribution: Probe = {
  name: 'attribution',
  about:
    'who changed packages and accounts, when and with which command, by the logs of the instance itself (apt, dpkg, unattended-upgrades, dnf, yum, pacman, apk, snapd, sudo, sshd), only what is newer than the image; no secrets in commands',
  source:
    'the logs of apt, dpkg, unattended-upgrades, dnf, yum, pacman, apk, snapd and of authentication, and the journal of systemd where there is none of authentication, see below',
  needs: 'authentication: group adm (the journal: systemd-journal) or root; dnf and snapd: root',
  cost: '20 ms; nothing sent of packages that nobody changed; up to 8 KB of logins and commands of sudo',
  asks: 'always',
  question,
  parse: (frame, draft) => parse(frame.records(), draft),
};
