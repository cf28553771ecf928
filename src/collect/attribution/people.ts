import { escapeName } from '../../core/bytes.ts';
import type { DeedFact } from '../../core/deeds.ts';
import { keptCommand } from './packages.ts';
import { type Clock, readTime } from './time.ts';

/** What the programs for accounts (shadow, PAM) say they did: which accounts it was about, and who did it where they say so. */
const changes: readonly (readonly [RegExp, (found: string[]) => { accounts: string[]; by?: string }])[] = [
  [/^new user: name=([^,\s]{1,64}),/, ([name]) => ({ accounts: [`user ${name}`] })],
  [/^new group: name=([^,\s]{1,64}),/, ([name]) => ({ accounts: [`group ${name}`] })],
  [/^delete user '([^']{1,64})'/, ([name]) => ({ accounts: [`user ${name}`] })],
  [/^(?:removed|delete) group '([^']{1,64})'/, ([name]) => ({ accounts: [`group ${name}`] })],
  [/^group '([^']{1,64})' removed$/, ([name]) => ({ accounts: [`group ${name}`] })],
  [/^changed? user '([^']{1,64})' /, ([name]) => ({ accounts: [`user ${name}`] })],
  [
    /^(?:add|delete|remove) '([^']{1,64})' (?:to|from) group '([^']{1,64})'/,
    ([user, group]) => ({ accounts: [`group ${group}`, `user ${user}`] }),
  ],
  [
    /^user (\S{1,64}) (?:added|removed) by (\S{1,64}) (?:to|from) group (\S{1,64})/,
    ([user, by, group]) => ({ accounts: [`group ${group}`, `user ${user}`], ...(by ? { by } : {}) }),
  ],
  [/^(?:pam_unix\([^)]{1,40}\): )?password changed for (\S{1,64})/, ([name]) => ({ accounts: [`user ${name}`] })],
  [
    /^password for '?([^'\s]{1,64})'? changed by '?([^'\s]{1,64})'?/,
    ([name, by]) => ({ accounts: [`user ${name}`], ...(by ? { by } : {}) }),
  ],
  [/^changed password expiry for (\S{1,64})/, ([name]) => ({ accounts: [`user ${name}`] })],
];

/** Our own way in: the program of a scan, started by sudo (src/transport/sudo.ts). It changes nothing. */
const scans =
  /^(?:\/usr)?\/bin\/sh (?:-s -- \S+ (?:live|offline) \d+|-c printf .{1,400} snowfence \S+ (?:live|offline) \d+)$/;

/**
 * auth.log or secure (rsyslog, in RFC 3339 or the old form), or what journalctl shows as `short-iso`: commands run with sudo, changes of accounts, logins over ssh.
 * What sudo refused was not run and is left out.
 */
export function parseAuthLog(text: string, source: string, clock: Clock): DeedFact[] {
  return text.split('\n').flatMap((line) => {
    const time = readTime(line, clock);
    const said = time && /^ \S{1,255} ([a-z-]{2,20})(?:\[\d{1,10}\])?: (.*)$/.exec(time.rest);
    const found = said && understood(said[1] ?? '', (said[2] ?? '').slice(0, 4000));
    return found ? [{ at: time.at, source, ...found }] : [];
  });
}

function understood(program: string, message: string): Omit<DeedFact, 'at' | 'source'> | undefined {
  if (program === 'sudo') return sudoCommand(message);
  if (program.startsWith('sshd')) {
    const [, name, from] = /^Accepted \S{1,60} for (\S{1,64}) from (\S{1,255}) port \d/.exec(message) ?? [];
    return name ? { kind: 'login', by: escapeName(`${name}, logged in from ${from}`) } : undefined;
  }
  for (const [pattern, read] of changes) {
    const match = pattern.exec(message);
    if (!match) continue;
    const { accounts, by } = read(match.slice(1));
    const who = by === undefined ? {} : { by: escapeName(by) };
    return { kind: 'account', command: program, accounts: accounts.map(escapeName), ...who };
  }
  return undefined;
}

/** `alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/vim /etc/motd`; a refusal stands before TTY. */
function sudoCommand(message: string): Omit<DeedFact, 'at' | 'source'> | undefined {
  const by = /^ {0,40}(\S{1,64}) : [A-Z]{2,12}=/.exec(message)?.[1];
  const at = message.indexOf(' ; COMMAND=');
  if (!by || at < 0) return undefined;
  const command = message.slice(at + ' ; COMMAND='.length);
  return scans.test(command) ? undefined : { kind: 'command', by: escapeName(by), command: keptCommand(command) };
}
