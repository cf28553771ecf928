import type { ProcessFact } from '../core/facts.ts';
import type { Attributes, Finding } from '../core/finding.ts';
import type { LimitRule } from '../schema/policy.ts';
import type { Case } from './case.ts';
import type { Compiled } from './compile.ts';
import { makeFinding } from './make.ts';
import { seenProcesses } from './processes.ts';
import { usersById } from './seen.ts';

const day = 86_400;

/** What is over a `limit`: processes that hold too much, instances that are too old. */
export function judgeLimits(the: Case): Finding[] {
  const { limit } = the.policy;
  if (limit.length === 0) return [];
  const users = usersById(the);
  return limit.flatMap((compiled) =>
    compiled.rule.fact === 'process' ? overloaded(the, compiled, users) : overage(the, compiled.rule),
  );
}

/** What one process has too much of, in words. */
export function excess(
  rule: LimitRule,
  process: Pick<ProcessFact, 'rss' | 'cpuSeconds' | 'openSockets'>,
): string | undefined {
  const resident = process.rss / 1024 / 1024;
  if (rule.residentMiB !== undefined && resident > rule.residentMiB)
    return `${resident.toFixed(0)} MiB resident, at most ${rule.residentMiB} are allowed`;
  const { cpuSeconds, openSockets } = process;
  if (rule.cpuSeconds !== undefined && cpuSeconds !== undefined && cpuSeconds > rule.cpuSeconds)
    return `${cpuSeconds.toFixed(0)} s of CPU time, at most ${rule.cpuSeconds} are allowed`;
  if (rule.openSockets !== undefined && openSockets !== undefined && openSockets > rule.openSockets)
    return `${openSockets} open sockets, at most ${rule.openSockets} are allowed`;
  return undefined;
}

function overloaded(the: Case, { rule, matches }: Compiled<LimitRule>, users: Map<number, string[]>): Finding[] {
  const processes = (the.live.processes ?? []).filter(
    (one) => one.exe !== '' && matches({ executable: one.exe, users: users.get(one.uid) ?? [String(one.uid)] }),
  );
  return [...Map.groupBy(processes, (one) => one.exe)].flatMap(([exe, group]) => {
    const over = group.filter((one) => excess(rule, one) !== undefined);
    const first = over[0];
    const many = rule.count !== undefined && group.length > rule.count;
    if (!first && !many) return [];
    const why = first ? excess(rule, first) : `${group.length} processes, at most ${rule.count} are allowed`;
    const seen = first ? over : group;
    return [broken(the, rule, 'process', exe, why ?? '', { ...seenProcesses(seen), processes: seen.length })];
  });
}

function overage(the: Case, rule: LimitRule): Finding[] {
  const { launchedAt = 0, bootedAt = 0 } = the.live.os;
  const now = the.now / 1000;
  const ages: [name: string, since: number, most: number | undefined][] = [
    ['age', launchedAt, rule.ageDays],
    ['uptime', bootedAt, rule.uptimeDays],
    ['a newer image', (the.supersededAt ?? 0) / 1000, rule.supersededDays],
  ];
  return ages.flatMap(([name, since, most]) => {
    const days = (now - since) / day;
    if (most === undefined || since <= 0 || days <= most) return [];
    const at = new Date(since * 1000).toISOString();
    return [
      broken(the, rule, 'instance', name, `${Math.floor(days)} days, at most ${most} are allowed`, { since: at }),
    ];
  });
}

function broken(
  the: Case,
  rule: LimitRule,
  kind: 'process' | 'instance',
  subject: string,
  why: string,
  after: Attributes,
): Finding {
  return makeFinding(the.instance.id, kind, 'violates', subject, {
    severity: rule.severity,
    disposition: 'violation',
    rule: rule.id,
    reason: `${why}: ${rule.reason}`,
    controls: rule.controls ?? [],
    after,
  });
}
