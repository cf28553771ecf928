import type { Attributes, Finding } from '../core/finding.ts';
import { parseFileValue } from '../fingerprint/files.ts';
import type { RequireRule } from '../schema/policy.ts';
import type { Case } from './case.ts';
import type { Compiled } from './compile.ts';
import { makeFinding } from './make.ts';
import { isStated, type Seen, selected } from './seen.ts';

/**
 * What `require` rules want and the instance does not have, or has otherwise. Where what a rule asks about could not
 * be read, nothing is claimed: the gap stands in the report, and unknown is not absent.
 */
export function judgeRequired(the: Case): Finding[] {
  return the.policy.require.flatMap((compiled) => {
    const { rule } = compiled;
    const seen = rule.fact === 'process' || rule.fact === 'socket' ? runningOf(the, compiled) : selected(the, compiled);
    if (seen.length === 0) {
      if (rule.whenAbsent === 'holds' || isUnknown(the, rule)) return [];
      return [broken(the, rule, { kind: rule.fact, subject: wanted(rule) }, 'it is not there')];
    }
    return seen.flatMap((one) => {
      const wrong = misfit(rule, one);
      return wrong === undefined ? [] : [broken(the, rule, one, wrong)];
    });
  });
}

/** Was what the rule is about read in full? A file that could not be read is not missing. */
export function isUnknown({ live }: Case, { fact, paths = [] }: Pick<RequireRule, 'fact' | 'paths'>): boolean {
  const streams: Record<string, string> = {
    package: 'packages',
    account: 'accounts',
    process: 'processes',
    socket: 'sockets',
  };
  const stream = isStated(fact) ? 'contents' : (streams[fact] ?? 'files');
  if (live.partial.includes(stream) || (isStated(fact) && live.partial.includes('files'))) return true;
  if (fact === 'process' && !live.processes) return true;
  if (fact === 'socket' && !live.sockets) return true;
  const unread = live.gaps
    .filter((gap) => gap.probe === 'files' || gap.probe === stream)
    .flatMap((gap) => gap.paths ?? []);
  return unread.some((path) => paths.some((want) => want === path || want.startsWith(`${path}/`)));
}

/** What is wrong with one thing, in words; undefined when it is as the rule wants it. */
export function misfit(rule: RequireRule, { value = '', file }: Pick<Seen, 'value' | 'file'>): string | undefined {
  if (rule.value !== undefined && !new RegExp(`^(?:${rule.value})$`, 's').test(value)) {
    return `it is ${value === '' ? 'empty' : `"${value.slice(0, 200)}"`}`;
  }
  if (file === undefined) return undefined;
  const { mode, uid, gid, type } = parseFileValue(file);
  // The mode of a link means nothing.
  if (rule.modes && type !== 'l') {
    const bits = Number.parseInt(mode, 8);
    const fits = rule.modes.some((allowed) => (bits & ~Number.parseInt(allowed, 8)) === 0);
    if (!fits) return `its mode is ${mode}, at most ${rule.modes.join(' or ')} is allowed`;
  }
  const owner = `${uid}:${gid}`;
  if (rule.owners && !rule.owners.includes(owner))
    return `its owner is ${owner}, allowed is ${rule.owners.join(' or ')}`;
  return undefined;
}

function runningOf(the: Case, { rule, matches }: Compiled<RequireRule>): Seen[] {
  if (rule.fact === 'process') {
    return (the.live.processes ?? [])
      .filter((process) => matches({ executable: process.exe, path: process.exe }))
      .map((process) => ({ kind: 'process', subject: process.exe }));
  }
  const sockets = the.live.sockets?.toString('latin1').split('\n') ?? [];
  return sockets.flatMap((line) => {
    const [protocol = '', address = '', port = '', ...executable] = line.split('\0', 1)[0]?.split(' ') ?? [];
    const socket = { protocol, address, port: Number(port), executable: executable.join(' ') };
    return line !== '' && matches(socket)
      ? [{ kind: 'socket' as const, subject: `${protocol} ${address}:${port}` }]
      : [];
  });
}

/** What an absent thing is called in the finding: what the rule's selectors say. */
function wanted({ fact, names, paths, executables, ports, id }: RequireRule): string {
  return (names ?? paths ?? executables ?? ports?.map((port) => `port ${port}`))?.join(', ') ?? `${fact} of ${id}`;
}

function broken(the: Case, rule: RequireRule, { kind, subject, value }: Seen, wrong: string): Finding {
  const after: Attributes | undefined = value === undefined ? undefined : { value: value.slice(0, 2000) };
  return makeFinding(the.instance.id, kind, 'violates', subject, {
    severity: rule.severity,
    disposition: 'violation',
    rule: rule.id,
    reason: `${wrong}: ${rule.reason}`,
    controls: rule.controls ?? [],
    ...(after ? { after } : {}),
  });
}
