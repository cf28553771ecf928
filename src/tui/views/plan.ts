import { type PlanItem, type ReplacePlan, steps } from '../../core/replacement.ts';
import { field, type Line, paragraph, type Span } from '../cells.ts';
import { memo } from '../memo.ts';
import type { PlanState, State } from '../state.ts';
import { textBody, type View } from './view.ts';

const text = memo(planText);

/** Who would be replaced, what the guard says of it, and how it goes. */
export const planView: View = {
  title: () => 'replace',
  head: (state) => [statusLine(state)],
  body: (state, _, width) => textBody(state.plan ? text(state.plan, width) : paragraph(without(state), width, 'dim')),
  hints: ({ plan }) => [
    ...(isApprovable(plan) ? ([['a', 'approve']] as const) : []),
    ...(plan?.state === 'running' ? [] : ([['p', 'plan again']] as const)),
    ['j/k', 'scroll'],
    ['y', 'copy digest'],
    ['tab', 'views'],
    ['?', 'help'],
    ['q', 'quit'],
  ],
};

/** Something would be done, and the guard does not refuse it. */
export function isApprovable(plan: PlanState | undefined): boolean {
  return plan?.state === 'ready' && (plan.plan?.items.length ?? 0) > 0 && plan.plan?.refusals.length === 0;
}

function without({ can, live, report }: State): string {
  if (live || !report) return 'A plan rests on a scan: wait for its end.';
  if (can.replace)
    return 'Press p for a plan of all that may be replaced, or mark instances in the fleet with space first.';
  return 'No fleet file was named. Start with --inventory FILE, where FILE has a section "replace" (docs/replace.md).';
}

function statusLine({ plan, marks }: State): Line {
  const marked = marks.size > 0 ? `  of the ${marks.size} marked` : '';
  if (!plan) return [{ text: marks.size > 0 ? `${marks.size} marked` : 'nothing planned', style: 'dim' }];
  if (plan.state === 'asking') return [{ text: 'planning...' }];
  if (plan.state === 'error') return [{ text: 'there is no plan', style: 'high' }];
  if (plan.state === 'running')
    return [{ text: 'replacing: each new instance is scanned before the next', style: 'accent' }];
  if (plan.state === 'ended') return [{ text: plan.says, style: 'bold' }];
  if ((plan.plan?.refusals.length ?? 0) > 0) return [{ text: 'refused as a whole', style: 'critical' }];
  const count = plan.plan?.items.length ?? 0;
  return [
    { text: count === 0 ? 'nothing to replace' : `would replace ${count}`, style: 'bold' },
    { text: marked, style: 'dim' },
  ];
}

/** A plan in full: refusals, then who is replaced and how and how far that is, then who is left alone. */
export function planText(state: PlanState, width: number): Line[] {
  const { plan, says } = state;
  const errors = state.state === 'error' ? says.split('\n').flatMap((line) => paragraph(line, width, 'high')) : [];
  if (!plan) return errors;
  return [
    ...errors,
    ...field('plan', plan.digest, width),
    ...field('from scan', `${plan.scan.id} of ${plan.scan.finishedAt}`, width),
    ...(plan.refusals.length > 0 ? [[], [{ text: 'refused', style: 'critical' } as const]] : []),
    ...plan.refusals.flatMap(({ limit, group, says: why }) =>
      paragraph(`${limit}${group === undefined ? '' : ` of the group ${group}`}: ${why}`, width),
    ),
    ...plan.items.flatMap((item) => itemLines(item, state, width)),
    ...leftLines(plan, width),
  ];
}

function itemLines(item: PlanItem, state: PlanState, width: number): Line[] {
  const { order, name, verdict, score, group, reason, evidence, driver, calls, image, checks } = item;
  const seen = state.steps.filter((one) => one.item.instance === item.instance);
  return [
    [],
    [
      { text: `${order}. ${name}`, style: 'bold' },
      {
        text: `  ${verdict}, risk ${Math.round(score)}${group ? `, group ${group}` : ''}${item.zone ? `, zone ${item.zone}` : ''}`,
        style: 'dim',
      },
    ],
    ...(seen.length > 0 ? [stepsLine(seen)] : []),
    ...seen.slice(-1).flatMap(({ says: why }) => (why === '' ? [] : field('', why, width))),
    ...field('why', reason, width),
    ...(item.wholeGroup
      ? field('', 'all instances of its group are replaced with it, and counted', width, 'high')
      : []),
    ...(evidence ? field('first', 'evidence is kept', width) : []),
    ...calls.flatMap((call, i) => field(i === 0 ? driver : 'then', call, width)),
    ...field('new from', image.ref, width),
    ...field('checked', checks.join('; '), width),
  ];
}

/** The steps in their order, each with how it stands. */
function stepsLine(seen: PlanState['steps']): Line {
  return steps.flatMap((step): Span[] => {
    const last = seen.findLast((one) => one.step === step);
    if (!last) return [];
    if (last.state === 'done') return [{ text: `${step} done  `, style: 'good' }];
    if (last.state === 'failed') return [{ text: `${step} FAILED  `, style: 'critical' }];
    return [{ text: `${step}...  `, style: 'accent' }];
  });
}

function leftLines({ left }: ReplacePlan, width: number): Line[] {
  if (left.length === 0) return [];
  return [
    [],
    [{ text: `left alone (${left.length})`, style: 'accent' }],
    ...left.slice(0, 500).flatMap(({ instance, why }) => paragraph(`${instance}: ${why}`, width)),
  ];
}
