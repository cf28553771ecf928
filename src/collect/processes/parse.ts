import { escapeName } from '../../core/bytes.ts';
import type { Draft } from '../../core/draft.ts';
import type { ProcessFact } from '../../core/facts.ts';

/** Where the records of one kind are kept: pid -> values in order. */
type Values = Map<number, string[]>;

/** What was asked, taken apart. */
interface Asked {
  settings: Map<string, string>;
  lists: Map<string, Values>;
  /** What the hasher printed. */
  hashes: string;
  /** `/proc/PID/stat STACK` lines, read last. */
  stacks: string;
}

/** Under which heading what has another name is kept: `HEADING NAME`. */
const also: Readonly<Record<string, string>> = {
  'id root': 'root',
  'mnt ns/net': 'net',
};

/** `/proc/PID/NAME:value` records (or lines of one), grouped by the heading record before them. */
function group(records: string[]): Asked {
  const settings = new Map<string, string>();
  const lists = new Map<string, Values>();
  let hashes = '';
  let stacks = '';
  let heading = '';
  const listOf = (name: string): Values => {
    const list = lists.get(name) ?? new Map();
    lists.set(name, list);
    return list;
  };
  const put = (record: string): boolean => {
    const match = /^\/proc\/(\d+)\/([a-z/]+):/.exec(record);
    if (!match || !heading) return false;
    const values = listOf(also[`${heading} ${match[2]}`] ?? heading);
    const pid = Number(match[1]);
    const list = values.get(pid);
    const value = record.slice(match[0].length);
    if (list) list.push(value);
    else values.set(pid, [value]);
    return true;
  };
  for (const record of records) {
    if (put(record)) continue;
    const [first = ''] = record.split('\n', 1);
    if (/^(stat|cmdline|status|exe|id|root|mnt|alive|hash|again|stack)$/.test(first)) {
      heading = first;
      listOf(first);
      for (const line of record.split('\n').slice(1)) put(line);
    } else if (heading === 'hash') hashes = record;
    else if (heading === 'stack') stacks = record;
    else {
      const space = record.indexOf(' ');
      settings.set(record.slice(0, space), record.slice(space + 1).trim());
    }
  }
  return { settings, lists, hashes, stacks };
}

/** What is used of /proc/PID/stat, proc(5). */
interface Stat {
  comm: string;
  state: string;
  ppid: number;
  flags: number;
  /** Processor time, and the time of its start since boot, in ticks of the clock. */
  ticks: number;
  start: number;
  /** Pages. */
  rss: number;
  /** Where its stack begins (`startstack`), other for each program that it becomes; `0` for who may not know. */
  stack: string;
}

/** comm may hold spaces and `)`, so fields are counted from the last `)`. */
function parseStat(text: string): Stat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const rest = text.slice(close + 2).split(' ');
  const field = (n: number) => Number(rest[n - 3] ?? 0) || 0;
  return {
    comm: escapeName(text.slice(open + 1, close)),
    state: rest[0] ?? '',
    ppid: field(4),
    flags: field(9),
    ticks: field(14) + field(15),
    start: field(22),
    rss: field(24),
    stack: rest[28 - 3] ?? '',
  };
}

/** PF_KTHREAD and PF_EXITING of include/linux/sched.h, in the field `flags` of proc(5). */
const kernelThread = 0x0020_0000;
const exiting = 0x4;

/** What stat says from its third field on, when no program was seen any more; nothing = it was gone or had one. */
function isAlive(rest: string | undefined): boolean {
  if (rest === undefined) return false;
  const [state = '', , , , , , flags = ''] = rest.split(' ');
  return state !== 'Z' && state !== 'X' && (Number(flags) & exiting) === 0;
}

/** Longest command line that is kept, bytes: it is evidence, not compared. */
const maxArguments = 4096;

/** The answer of the processes question; kernel threads are left out, processes that may not be looked into are a gap. */
export function parseProcesses(records: string[], draft: Draft): void {
  const { settings, lists, hashes, stacks } = group(records);
  // USER_HZ of Linux but on Alpha and Itanium; older programs asked.
  const hz = Number(settings.get('hz')) || 100;
  const page = Number(settings.get('page')) || 4096;
  const boot = Number(settings.get('boot')) || 0;
  const of = (list: string, pid: number) => lists.get(list)?.get(pid)?.at(-1);
  // A process that forked and then began another program was read as both: its digest is not that of the program that it was. Answers
  // of before this was asked are taken as they are.
  const program = (list: string, pid: number) => of(list, pid)?.replace(/ \(deleted\)$/, '');
  const stackOf = new Map(
    [...stacks.matchAll(/^\/proc\/(\d+)\/stat (\d+)$/gm)].map(([, pid, at]) => [Number(pid), at]),
  );
  const sameStack = (pid: number) =>
    stackOf.size === 0 || stackOf.get(pid) === parseStat(lists.get('stat')?.get(pid)?.[0] ?? '')?.stack;
  const stays = (pid: number) =>
    !lists.has('again') || (program('again', pid) === program('exe', pid) && sameStack(pid));
  const digestOf = new Map<string, string>();
  for (const line of hashes.split('\n')) {
    const match = /^\\?([0-9a-f]{64}) [ *]\/proc\/(\d+)\/exe$/.exec(line);
    const id = match && stays(Number(match[2])) ? of('id', Number(match[2])) : undefined;
    if (match?.[1] && id) digestOf.set(id, match[1]);
  }
  const found: ProcessFact[] = [];
  let hidden = 0;
  for (const [pid, values] of lists.get('stat') ?? []) {
    const stat = parseStat(values[0] ?? '');
    // A zombie has ended: it runs nothing.
    if (!stat || stat.state === 'Z' || stat.state === 'X') continue;
    const argv = lists.get('cmdline')?.get(pid) ?? [];
    const link = of('exe', pid) ?? '';
    const id = of('id', pid) ?? '';
    const uid = /^Uid:\s+\d+\s+(\d+)/.exec(of('status', pid) ?? '')?.[1];
    if (!link) {
      // A kernel thread has no executable, and only the kernel sets its flag; anything else hides its executable from us.
      if ((stat.flags & kernelThread) === 0 && isAlive(of('alive', pid))) hidden++;
      continue;
    }
    const deleted = link.endsWith(' (deleted)');
    found.push({
      pid,
      ppid: stat.ppid,
      comm: stat.comm,
      argv: argv
        .join('\n')
        .slice(0, maxArguments)
        .split('\n')
        .filter((a, i) => a !== '' || i > 0),
      exe: escapeName(inRoot(deleted ? link.slice(0, -' (deleted)'.length) : link, draft.strip)),
      deleted,
      exeId: id,
      sha256: (stays(pid) && digestOf.get(id)) || '',
      uid: uid === undefined ? -1 : Number(uid),
      startedAt: boot ? Math.floor(boot + stat.start / hz) : 0,
      rss: stat.rss * page,
      cpuSeconds: Math.round(stat.ticks / hz),
      root: of('root', pid) ?? '',
      ownMounts: of('mnt', pid) === undefined || of('mnt', pid) === settings.get('own-mnt'),
    });
  }
  if (settings.has('more'))
    draft.cut('processes', 'limit', 'of more than 50000 processes, the later ones were not looked at');
  if (Number(settings.get('asked')) > 0 && !lists.get('stat')?.size) {
    draft.cut('processes', 'unreadable', 'there are processes, but /proc could not be read');
  }
  if (hidden > 0) {
    draft.gap(
      'processes',
      'permission',
      `the executables of ${hidden} processes may not be read by this account (root may)`,
    );
  }
  draft.processes = found.sort((a, b) => a.pid - b.pid);
}

function inRoot(path: string, strip: number): string {
  return strip > 0 && path.startsWith('/') ? path.slice(strip) : path;
}
