import type { FileValue } from '../fingerprint/files.ts';
import type { Example, ExpectRule, LimitRule, RequireRule, Rule } from '../schema/policy.ts';
import { compileRule, type Subject } from './compile.ts';
import { misfit, oddLine } from './expectation.ts';
import { excess } from './limit.ts';
import { misfit as missesRequirement } from './require.ts';

/** An example that does not do what its rule says of it. */
export interface Failed {
  rule: string;
  /** What the rule calls it, and its place among them, from 1. */
  example: `${'hit' | 'miss'} ${number}`;
  /** One sentence for a person. */
  why: string;
}

/** Runs the examples of rules. Pure. */
export function failedExamples(rules: readonly Rule[]): Failed[] {
  return rules.flatMap((rule) => {
    const { hit = [], miss = [] } = rule.examples ?? {};
    const failed = (kind: 'hit' | 'miss', list: readonly Example[]): Failed[] =>
      list.flatMap((example, i) => {
        if (hits(rule, example) === (kind === 'hit')) return [];
        const why = kind === 'hit' ? 'the rule does not apply to it' : 'the rule applies to it';
        return [{ rule: rule.id, example: `${kind} ${i + 1}` as const, why: `${why}: ${JSON.stringify(example)}` }];
      });
    return [...failed('hit', hit), ...failed('miss', miss)];
  });
}

/**
 * Does a rule apply to what an example says? For `expect` and `allow`: it covers it. For `deny`, `require` and `limit`: it is
 * broken by it.
 */
export function hits(rule: Rule, example: Example): boolean {
  if (!compileRule(rule).matches(subjectOf(example))) return false;
  switch (rule.kind) {
    case 'expect':
      return rule.fact === 'file' ? coversFile(rule, example) : coversAccount(rule, example);
    case 'require':
      return breaksRequirement(rule, example);
    case 'limit':
      return isOver(rule, example);
    default:
      return true;
  }
}

function subjectOf({ path, name, executable, protocol, address, port }: Example): Subject {
  const said = Object.entries({ path, name, executable, protocol, address, port });
  return Object.fromEntries(said.filter(([, value]) => value !== undefined));
}

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

function side({ type = 'f', mode, owner = '0:0', link = '' }: Example, text?: string, size?: number): FileValue {
  const [uid = '', gid = ''] = owner.split(':');
  return {
    ...{ type, mode: mode ?? (type === 'd' ? '755' : '644'), uid, gid, capabilities: '-', extra: {}, link },
    size: type === 'f' ? String(size ?? Buffer.byteLength(text ?? '')) : '-',
    sha256: type === 'f' ? 'a'.repeat(64) : '-',
  };
}

function coversFile(rule: ExpectRule, example: Example): boolean {
  const { change = 'changed' } = example;
  const wrong = misfit(rule, {
    change,
    launchKeys: [],
    ...(change === 'added' ? {} : { before: side(example, example.before) }),
    ...(change === 'removed' ? {} : { after: side(example, example.after, example.size) }),
    ...(example.before === undefined ? {} : { oldContent: latin1(example.before) }),
    ...(example.after === undefined ? {} : { newContent: latin1(example.after) }),
  });
  return wrong === undefined;
}

function coversAccount(rule: ExpectRule, example: Example): boolean {
  if (!rule.changes.includes(example.change ?? 'changed')) return false;
  if (rule.only?.password && example.password !== rule.only.password) return false;
  return !rule.only?.lines || oddLine(rule.only.lines, example.before ?? '', example.after ?? '') === undefined;
}

function breaksRequirement(rule: RequireRule, example: Example): boolean {
  const { type, mode, uid, gid } = side(example);
  const file = rule.fact === 'file' ? { file: `${type} ${mode} ${uid} ${gid} 0 - -` } : {};
  return missesRequirement(rule, { value: example.value ?? '', ...file }) !== undefined;
}

function isOver(
  rule: LimitRule,
  { residentMiB, cpuSeconds, openSockets, count = 1, ageDays = 0, uptimeDays = 0 }: Example,
): boolean {
  const over = (value: number, most: number | undefined) => most !== undefined && value > most;
  if (rule.fact === 'instance') return over(ageDays, rule.ageDays) || over(uptimeDays, rule.uptimeDays);
  const process = {
    rss: (residentMiB ?? 0) * 1024 * 1024,
    ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
    ...(openSockets === undefined ? {} : { openSockets }),
  };
  return over(count, rule.count) || excess(rule, process) !== undefined;
}
