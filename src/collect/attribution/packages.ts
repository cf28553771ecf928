import { escapeName } from '../../core/bytes.ts';
import type { DeedFact } from '../../core/deeds.ts';
import { maskWords } from '../../core/mask.ts';
import { type Clock, readTime } from './time.ts';

/** A log's text to what was done to packages, in its order. */
export type PackageLog = (text: string, source: string, clock: Clock) => DeedFact[];

/** Longest command that is kept, characters. */
const longest = 500;

/** A command fit to be kept: bounded, without secrets, canonical. */
export function keptCommand(raw: string): string {
  return escapeName(maskWords(raw.trim()).slice(0, longest));
}

const agents: readonly (readonly [RegExp, string])[] = [
  [/(^|\/|\s)unattended-upgrades?(\s|$)/, 'unattended-upgrades'],
  [/(^|\/|\s)dnf-automatic(\s|$|-)/, 'dnf-automatic'],
  [/(^|\/|\s)yum-cron(\s|$)/, 'yum-cron'],
];

function ran(raw: string): Pick<DeedFact, 'command' | 'agent'> {
  const agent = agents.find(([pattern]) => pattern.test(raw.slice(0, longest)))?.[1];
  return { command: keptCommand(raw), ...(agent ? { agent } : {}) };
}

function deed(at: number, source: string, packages: string[], rest: Partial<DeedFact> = {}): DeedFact {
  return { kind: 'packages', at, source, packages: packages.map(escapeName), ...rest };
}

/** `nmap:amd64` -> `nmap`; empty for what is no name of a package. */
function debName(word: string): string {
  return /^([a-z0-9][a-z0-9+.-]{0,200})(?::[a-z0-9-]{1,30})?$/.exec(word.slice(0, 250))?.[1] ?? '';
}

/** apt's history.log: stanzas of `Start-Date`, `Commandline`, `Requested-By`, and what was done to which packages. */
export const parseAptHistory: PackageLog = (text, source, clock) => {
  const found: DeedFact[] = [];
  let current: DeedFact | undefined;
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 2);
    if (name === 'Start-Date') {
      const at = readTime(value, clock)?.at;
      current = at === undefined ? undefined : deed(at, source, []);
      if (current) found.push(current);
    } else if (!current) continue;
    else if (name === 'Commandline') Object.assign(current, ran(value));
    else if (name === 'Requested-By') current.by = escapeName(value.replace(/ \(\d{1,10}\)$/, '').slice(0, 100));
    else if (/^(?:Install|Upgrade|Downgrade|Reinstall|Remove|Purge)$/.test(name))
      for (const one of value.split('), ')) {
        const package_ = debName(one.slice(0, one.indexOf(' (')));
        if (package_) current.packages?.push(package_);
      }
  }
  return found;
};

/** Lines that each say one thing of one package, behind a time. */
function lineByLine(text: string, clock: Clock, read: (rest: string, at: number) => DeedFact | undefined): DeedFact[] {
  return text.split('\n').flatMap((line) => {
    const time = readTime(line.startsWith('[') ? line.slice(1) : line, clock);
    return (time && read(time.rest, time.at)) ?? [];
  });
}

/** dpkg.log: `DATE TIME install PACKAGE:ARCH OLD NEW`. */
export const parseDpkgLog: PackageLog = (text, source, clock) =>
  lineByLine(text, clock, (rest, at) => {
    const [, action, word] = /^ (install|upgrade|remove|purge) (\S+) /.exec(rest) ?? [];
    const name = debName(word ?? '');
    return name ? deed(at, source, [name], { command: `dpkg ${action}` }) : undefined;
  });

/** unattended-upgrades.log: `DATE TIME,MS INFO Packages that will be upgraded: A B`. */
export const parseUnattended: PackageLog = (text, source, clock) =>
  lineByLine(text, clock, (rest, at) => {
    const list = /^ INFO Packages that will be upgraded: (.+)$/.exec(rest)?.[1];
    const names = (list ?? '').split(' ').map(debName).filter(Boolean);
    return names.length > 0 ? deed(at, source, names, { agent: 'unattended-upgrades' }) : undefined;
  });

/** dnf.log: only its lines `TIME DDEBUG Command: dnf install nmap`; what they did stands in dnf.rpm.log. */
export const parseDnfCommands: PackageLog = (text, source, clock) =>
  lineByLine(text, clock, (rest, at) => {
    const command = /^ [A-Z]+ Command: (.+)$/.exec(rest)?.[1];
    return command ? deed(at, source, [], ran(command)) : undefined;
  });

/** `openssl-1:3.2.2-6.el9.x86_64`, `2:nmap-6.40-19.el7.x86_64` or a bare name -> `openssl`, `nmap`. */
function rpmName(word: string): string {
  const bare = word.slice(0, 300).replace(/^\d{1,10}:/, '');
  return /^(.+)-[^-]+-[^-]+\.[^-.]+$/.exec(bare)?.[1] ?? bare;
}

/** dnf.rpm.log (`TIME SUBDEBUG Upgrade: NEVRA`) and yum.log (`Nov 20 10:00:00 Updated: NEVRA`). */
export const parseRpmLog: PackageLog = (text, source, clock) =>
  lineByLine(text, clock, (rest, at) => {
    const match =
      /^(?: [A-Z]+)? (Install|Installed|Upgrade|Updated|Downgrade|Reinstall|Erase|Erased|Removed|Obsoleted): (\S+)/;
    const word = match.exec(rest)?.[2];
    return word ? deed(at, source, [rpmName(word)]) : undefined;
  });

/** pacman.log: `[TIME] [PACMAN] Running 'pacman -S nmap'`, then `[TIME] [ALPM] installed nmap (7.93-1)`. */
export const parsePacmanLog: PackageLog = (text, source, clock) => {
  let command: Pick<DeedFact, 'command' | 'agent'> = {};
  return lineByLine(text, clock, (rest, at) => {
    const running = /^\] \[PACMAN\] Running '(.*)'$/.exec(rest)?.[1];
    if (running !== undefined) command = ran(running);
    const name = /^\] \[ALPM\] (?:installed|upgraded|downgraded|reinstalled|removed) (\S+) \(/.exec(rest)?.[1];
    return name ? deed(at, source, [name], command) : undefined;
  });
};

/** apk.log (src/print.c of apk-tools): ``Running `apk add nmap` at DATE TIME`` in UTC, then `(1/2) Installing nmap (7.93-r0)`. */
export const parseApkLog: PackageLog = (text, source, { readAt }) => {
  const found: DeedFact[] = [];
  let current: DeedFact | undefined;
  for (const line of text.split('\n')) {
    const [, command, when] = /^Running `(.*)` at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)$/.exec(line) ?? [];
    if (command !== undefined) {
      const at = readTime(when ?? '', { offset: 0, readAt })?.at;
      current = at === undefined ? undefined : deed(at, source, [], ran(command));
      if (current) found.push(current);
    }
    const step = /^\(\d+\/\d+\) (?:Installing|Upgrading|Downgrading|Replacing|Reinstalling|Purging) (\S+) \(/.exec(
      line,
    );
    if (step?.[1]) current?.packages?.push(escapeName(step[1]));
  }
  return found;
};

/** Changes among the state of snapd: `"kind":"auto-refresh","summary":"Auto-refresh snap \"lxd\""`, and when they began. */
export const parseSnapState: PackageLog = (text, source, clock) =>
  text.split('\n').flatMap((line) => {
    const [, kind, summary] = /^"kind":"([a-z-]{1,40})","summary":"((?:[^"\\]|\\.){1,1000})"/.exec(line) ?? [];
    const when = /"spawn-time":"([0-9T:.+Z-]{19,40})"/.exec(line)?.[1];
    const time = when === undefined ? undefined : readTime(when, clock);
    const names = [...(summary ?? '').matchAll(/\\"([a-z0-9_-]{1,60})\\"/g)].map(([, name]) => `snap:${name}`);
    if (!time || names.length === 0) return [];
    const agent = kind === 'auto-refresh' ? { agent: 'the automatic refresh of snapd' } : {};
    return [deed(time.at, source, names, { command: `snapd ${kind}`, ...agent })];
  });
