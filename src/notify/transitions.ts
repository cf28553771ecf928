import { compareSeverity, isLive, type Verdict, verdicts } from '../core/finding.ts';
import type { ResolvedBy, Transition } from '../core/notify.ts';
import type { InstanceReport, Report } from '../core/report.ts';
import { type Condition, conditions, summaryOf, type ToldState, teller, toldOf } from './tell.ts';

/** Was everything of it read and judged? Only then what was not seen is gone. */
export function isWhole({ flags, gaps }: Pick<InstanceReport, 'flags' | 'gaps'>): boolean {
  return gaps.length === 0 && !conditions.some((c) => flags.includes(c));
}

/** What a look at an instance changes in what was told of it, and what is told from then on. Pure. */
export function transitions(
  before: ToldState | undefined,
  look: InstanceReport,
  scan: Pick<Report['scan'], 'startedAt'>,
): { transitions: Transition[]; state: ToldState } {
  const about = teller(before, look, scan.startedAt);
  const reached = !look.flags.includes('unreachable');
  const unseen = look.flags.includes('unreachable') || look.flags.includes('unknown-image');
  const live = new Map(look.findings.filter(isLive).map((f) => [f.id, f]));
  const found: Transition[] = [];
  const state: ToldState = {
    identity: look.identity || before?.identity || '',
    verdict: reached ? look.verdict : (before?.verdict ?? look.verdict),
    conditions: conditionsAfter(before, look, reached),
    ...(unseen && (!before || before.unseen) ? { unseen: true } : {}),
    findings: [],
  };
  const isFirst = (before === undefined || before.unseen === true) && !unseen;

  for (const c of state.conditions)
    if (!before?.conditions.includes(c) && !(isFirst && c === 'incomplete')) found.push(about.condition('new', c));
  for (const c of before?.conditions ?? [])
    if (!state.conditions.includes(c)) found.push(about.condition('resolved', c));

  if (isFirst) {
    state.findings = [...live.values()].map((f) => [f.id, { ...toldOf(f, scan.startedAt), summed: true }]);
    if (live.size > 0 || state.conditions.includes('incomplete')) {
      const sum = summaryOf(look, [...live.values()], scan.startedAt);
      state.first = sum;
      found.push(about.first('new', sum));
    }
    return { transitions: found, state };
  }

  const told = new Map(before?.findings ?? []);
  for (const [id, f] of live) {
    const was = told.get(id);
    const now = toldOf(f, was?.since ?? scan.startedAt);
    const rose = was !== undefined && compareSeverity(f.severity, was.severity) > 0;
    if (!was) found.push(about.finding('new', now, f.reason));
    else if (rose) found.push({ ...about.finding('worse', now, f.reason), was: was.severity });
    state.findings.push([id, !was || rose ? now : was]);
  }
  const replaced = before?.identity !== '' && before?.identity !== state.identity && reached;
  const excused = new Map(look.findings.filter((f) => !isLive(f)).map((f) => [f.id, f.disposition]));
  for (const [id, was] of told) {
    if (live.has(id)) continue;
    const by = resolvedBy(excused.get(id), isWhole(look), replaced && !unseen);
    const silent = was.summed ? { summed: true as const } : {};
    if (by) found.push({ ...about.finding('resolved', was, wordsOf[by]), by, ...silent });
    else state.findings.push([id, was]);
  }
  verdictAlone(before, look, state, found, about);
  if (before?.first) {
    const left = state.findings.some(([, t]) => t.summed) || !isWhole(look);
    if (left) state.first = before.first;
    else found.push(about.first('resolved', before.first));
  }
  return { transitions: found, state };
}

const wordsOf: Record<ResolvedBy, string> = {
  gone: 'it is as in the image again',
  waiver: 'a waiver covers it',
  expected: 'a policy expects it now',
  replacement: 'the instance was replaced',
};

function resolvedBy(excuse: string | undefined, whole: boolean, replaced: boolean): ResolvedBy | undefined {
  // What is seen and excused is so, however little else was read.
  if (excuse === 'waived') return 'waiver';
  if (excuse === 'expected') return 'expected';
  if (replaced) return 'replacement';
  return whole ? 'gone' : undefined;
}

/** An instance that was not reached tells nothing but that. */
function conditionsAfter(
  before: ToldState | undefined,
  { flags, gaps }: InstanceReport,
  reached: boolean,
): Condition[] {
  if (!reached) return [...new Set([...(before?.conditions ?? []), 'unreachable' as const])];
  return conditions.filter((c) => flags.includes(c) || (c === 'incomplete' && gaps.length > 0));
}

const rank = (verdict: Verdict): number => verdicts.indexOf(verdict);
const alarming: readonly Verdict[] = ['snowflake', 'violating', 'drifted'];

/** A verdict that grew worse though no finding did: its siblings changed. */
function verdictAlone(
  before: ToldState | undefined,
  look: InstanceReport,
  state: ToldState,
  found: Transition[],
  about: ReturnType<typeof teller>,
): void {
  if (!before) return;
  const now = look.verdict;
  const explained = found.some((t) => t.about === 'finding' && t.kind !== 'resolved');
  const worse =
    alarming.includes(now) && rank(now) < rank(before.verdict) && alarming.concat('clean').includes(before.verdict);
  if (before.alarm && isWhole(look) && rank(now) > rank(before.alarm))
    found.push(about.verdict('resolved', before.alarm));
  else if (before.alarm) state.alarm = before.alarm;
  if (worse && !explained && (!state.alarm || rank(now) < rank(state.alarm))) {
    if (state.alarm) found.push(about.verdict('resolved', state.alarm));
    state.alarm = now;
    found.push(about.verdict('worse', now));
  }
}
