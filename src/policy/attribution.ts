import { display, escapeName, keyOf } from '../core/bytes.ts';
import type { DeedFact } from '../core/deeds.ts';
import type { Attribution, Finding } from '../core/finding.ts';
import type { Case } from './case.ts';
import { packageKey } from './managers.ts';

/** Most that is told of one finding. */
const most = 3;
/** A change is told together with what was done at most so long before it, seconds; the clock of a log has whole seconds. */
const before = 120;
const after = 2;
/** Lines of dpkg belong to the run of apt that began at most so long before, seconds. */
const longestRun = 3600;

const packageTools =
  /(?:^|[\s/])(?:apt|apt-get|aptitude|dpkg|dnf|yum|microdnf|rpm|apk|pacman|snap|pip3?|npm|gem)(?:\s|$)/;
const accountTools =
  /(?:^|[\s/])(?:user|group)(?:add|mod|del)(?:\s|$)|(?:^|[\s/])(?:adduser|addgroup|deluser|delgroup|gpasswd|passwd|chpasswd|chsh|chfn|chage|vipw|vigr)(?:\s|$)/;

/**
 * Says of findings who did it, where the logs of the instance tell: of packages by name, of accounts by name, of files by the time
 * they were modified. The word of the instance excuses nothing: severity and disposition stay as they are.
 */
export function attributor(the: Case): (finding: Finding) => Finding {
  const deeds = the.live.deeds ?? [];
  if (deeds.length === 0) return (finding) => finding;
  const logs = new Logs(deeds);
  return (finding) => {
    if (finding.disposition === 'expected') return finding;
    const found = deedsOf(the, logs, finding);
    if (found.length === 0) return finding;
    const agent = finding.kind === 'package' ? found[0]?.agent : undefined;
    return {
      ...finding,
      ...(agent ? { reason: `${finding.reason}, by ${agent}`, agent } : {}),
      attribution: told(found),
    };
  };
}

function deedsOf(the: Case, logs: Logs, finding: Finding): DeedFact[] {
  const manager = finding.after?.['manager'] ?? finding.before?.['manager'];
  if (finding.kind === 'package' && typeof manager === 'string') {
    const plain = finding.subject.startsWith(`${manager} `) ? finding.subject : `${manager} ${finding.subject}`;
    const owner = packageKey(keyOf(plain))?.owner ?? '';
    const own = logs.ofPackage(owner);
    return own.length > 0 ? own : logs.at(modifiedAt(the, finding));
  }
  if (finding.kind === 'account') return logs.ofAccount(keyOf(finding.subject));
  return logs.at(modifiedAt(the, finding));
}

/** When the file changed that a finding is about, epoch seconds; what was removed has no time. */
function modifiedAt({ live }: Case, finding: Finding): number | undefined {
  const raw = finding.subjectBase64 && escapeName(Buffer.from(finding.subjectBase64, 'base64').toString('latin1'));
  const { before: b, after: a } = finding;
  const named = [a?.['file'], a?.['path'], b?.['file']].filter((name) => typeof name === 'string').map(keyOf);
  for (const path of [raw ?? keyOf(finding.subject), ...named]) {
    const at = live.modified.get(path);
    if (at !== undefined) return at;
  }
  return undefined;
}

/** The deeds of one instance by what they were done to. */
class Logs {
  readonly #packages = new Map<string, DeedFact[]>();
  readonly #accounts = new Map<string, DeedFact[]>();
  /** Commands, then logins; each newest first. */
  readonly #acts: readonly (readonly DeedFact[])[];
  readonly #accountCommands: readonly DeedFact[];

  constructor(deeds: readonly DeedFact[]) {
    for (const deed of deeds) {
      for (const name of new Set(deed.packages)) note(this.#packages, name, deed);
      for (const name of new Set(deed.accounts)) note(this.#accounts, name, deed);
    }
    const commands = deeds.filter(({ kind }) => kind === 'command');
    this.#acts = [commands, deeds.filter(({ kind }) => kind === 'login')];
    this.#accountCommands = commands.filter(({ command }) => accountTools.test(command ?? ''));
  }

  /** What was run, or else who came in, shortly before a time. */
  at(time: number | undefined): DeedFact[] {
    if (time === undefined) return [];
    for (const acts of this.#acts) {
      const near = within(acts, time);
      if (near.length > 0) return near.slice(0, most);
    }
    return [];
  }

  /** What was done to a package; dpkg and the agents log again what apt did, and are then left out. */
  ofPackage(name: string): DeedFact[] {
    const all = this.#packages.get(name) ?? [];
    const whole = all.filter((deed) => rank(deed) === 0);
    const inRun = ({ at }: DeedFact) => whole.some((run) => at - run.at >= -before && at - run.at <= longestRun);
    const own = all.filter((deed) => rank(deed) === 0 || !inRun(deed)).sort((a, b) => rank(a) - rank(b) || b.at - a.at);
    const last = own[0];
    if (!last || last.by !== undefined || last.agent !== undefined) return own.slice(0, most);
    // Nobody is named: who ran such a tool with sudo just before?
    const asked = within(this.#acts[0] ?? [], last.at).filter(({ command }) => packageTools.test(command ?? ''));
    return [...asked.slice(0, 1), ...own].slice(0, most);
  }

  /** What was done to an account: commands that name it, then what the programs for accounts wrote. */
  ofAccount(key: string): DeedFact[] {
    const name = key.slice(key.indexOf(' ') + 1);
    const words = ({ command = '' }: DeedFact) => command.split(/[\s,=]/).includes(name);
    const own = this.#accounts.get(key) ?? [];
    const asked = this.#accountCommands.filter(words);
    const near = own.flatMap((deed) => within(this.#accountCommands, deed.at).slice(0, 1));
    return [...new Set([...asked.slice(0, 2), ...near.slice(0, 1), ...own])].slice(0, most);
  }
}

function note(into: Map<string, DeedFact[]>, name: string, deed: DeedFact): void {
  const list = into.get(name);
  if (list) list.push(deed);
  else into.set(name, [deed]);
}

/** 0 = a whole run with its command, 1 = a line for one package. */
function rank({ source }: DeedFact): number {
  return /\/(?:dpkg|unattended-upgrades)\.log/.test(source) ? 1 : 0;
}

/** Deeds (newest first) of the time just before one moment, found by halving. */
function within(deeds: readonly DeedFact[], time: number): DeedFact[] {
  let low = 0;
  for (let high = deeds.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((deeds[middle]?.at ?? 0) > time + after) low = middle + 1;
    else high = middle;
  }
  const found: DeedFact[] = [];
  for (let i = low; i < deeds.length && found.length < 20; i++) {
    const deed = deeds[i];
    if (!deed || deed.at < time - before) break;
    found.push(deed);
  }
  return found;
}

/** For people; what is the same to them is told once. */
function told(deeds: readonly DeedFact[]): Attribution[] {
  const shown = deeds.map(({ at, by, agent, command, source }): Attribution => {
    const who = by ?? agent;
    return {
      ...(who === undefined ? {} : { by: display(who).text }),
      at: new Date(at * 1000).toISOString(),
      ...(command ? { command: display(command).text } : {}),
      source,
    };
  });
  return [...new Map(shown.map((one) => [JSON.stringify(one), one])).values()];
}
