import { type Severity, type Verdict, verdicts } from '../../core/finding.ts';
import { changeRows } from '../changes.ts';
import { instanceRows, shownFindings } from '../finding-rows.ts';
import { fleetRows } from '../fleet-rows.ts';
import { worstFirst } from '../index-report.ts';
import { current, findingSorts, fleetSorts, groupings, type Prefs, type State } from '../state.ts';
import { isApprovable } from '../views/plan.ts';
import { copyOf } from './copy.ts';
import { openWaiver } from './form.ts';
import { back, move, open, showTab, tabsOf, withScreen } from './move.ts';

/** A key while lists and texts are read. */
export function browse(state: State, key: string): State {
  const moved = move(state, key);
  if (moved) return moved;
  const act = Object.hasOwn(acts, key) ? acts[key] : undefined;
  if (act) return act(state);
  return /^[0-9]$/.test(key) ? toggle(state, Number(key)) : state;
}

const acts: Record<string, (state: State) => State> = {
  enter: openRow,
  right: openRow,
  l: openRow,
  esc: leave,
  left: back,
  h: back,
  backspace: back,
  tab: (state) => nextTab(state, 1),
  backtab: (state) => nextTab(state, -1),
  '?': (state) => (current(state).view === 'help' ? back(state) : open(state, 'help')),
  '/': (state) =>
    isList(state)
      ? { ...state, prompt: { kind: 'filter', text: current(state).filter, before: current(state).filter } }
      : state,
  s: sortNext,
  r: (state) => prefer(state, { reverse: !state.prefs.reverse }),
  b: (state) => prefer(state, { grouping: after(groupings, state.prefs.grouping) }),
  x: (state) => prefer(state, { all: !state.prefs.all }),
  n: (state) => neighbour(state, 1),
  N: (state) => neighbour(state, -1),
  ' ': mark,
  p: plan,
  a: (state) =>
    current(state).view === 'plan' && isApprovable(state.plan)
      ? { ...state, prompt: { kind: 'approve', text: '', before: '' } }
      : state,
  w: openWaiver,
  y: (state) => copyOf(state, 'subject'),
  Y: (state) => copyOf(state, 'command'),
  e: exportIt,
  R: scanAgain,
  q: quit,
};

function prefer(state: State, change: Partial<Prefs>): State {
  return { ...state, prefs: { ...state.prefs, ...change } };
}

function after<T>(list: readonly T[], one: T): T {
  return list[(list.indexOf(one) + 1) % list.length] as T;
}

function isList(state: State): boolean {
  return ['fleet', 'instance', 'changes'].includes(current(state).view);
}

/** What stands under the cursor, in full. */
function openRow(state: State): State {
  const screen = current(state);
  const { cursor, earlier, instance } = screen;
  if (screen.view === 'fleet') {
    const row = fleetRows(state, screen)[cursor];
    if (row?.entry) return row.entry.instance ? open(state, 'instance', { instance: row.entry.id }) : state;
    const at = state.report?.fleet.findIndex(({ image }) => image === row?.image) ?? -1;
    return at < 0 || !row || state.live ? state : open(state, 'image', { at });
  }
  if (screen.view === 'images') return state.report?.fleet[cursor] ? open(state, 'image', { at: cursor }) : state;
  if (screen.view === 'changes') {
    const row = changeRows(state, screen)[cursor];
    return row
      ? open(state, 'finding', { instance: row.instance.id, finding: row.finding.id, earlier: row.earlier })
      : state;
  }
  if (screen.view !== 'instance' || instance === undefined) return state;
  const of = { instance, filter: screen.filter, ...(earlier === undefined ? {} : { earlier }) };
  const row = instanceRows(state, screen)[cursor];
  if (row?.type === 'finding') return open(state, 'finding', { ...of, finding: row.finding.id });
  return row?.type === 'gap' ? open(state, 'gap', { ...of, filter: '', at: row.at }) : state;
}

/** First what narrows the list goes, then the screen. */
function leave(state: State): State {
  return isList(state) && current(state).filter !== '' ? withScreen(state, { filter: '' }) : back(state);
}

function nextTab(state: State, by: number): State {
  const tabs = tabsOf(state);
  const at = tabs.indexOf(state.screens[0]?.view ?? 'fleet');
  return showTab(state, tabs[(at + by + tabs.length) % tabs.length] ?? 'fleet');
}

function sortNext(state: State): State {
  const { sort, findingSort } = state.prefs;
  return current(state).view === 'instance'
    ? prefer(state, { findingSort: after(findingSorts, findingSort) })
    : prefer(state, { sort: after(fleetSorts, sort) });
}

function toggled<T>(set: ReadonlySet<T>, one: T | undefined): ReadonlySet<T> {
  if (one === undefined) return set;
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}

/** A digit hides or shows; 0 shows everything again. */
function toggle(state: State, digit: number): State {
  if (digit === 0)
    return prefer(withScreen(state, { filter: '' }), { hiddenVerdicts: new Set(), hiddenSeverities: new Set() });
  if (current(state).view === 'fleet')
    return prefer(state, { hiddenVerdicts: toggled<Verdict>(state.prefs.hiddenVerdicts, verdicts[digit - 1]) });
  return prefer(state, { hiddenSeverities: toggled<Severity>(state.prefs.hiddenSeverities, worstFirst[digit - 1]) });
}

/** The next finding of the instance, in the order of its list. */
function neighbour(state: State, by: number): State {
  const screen = current(state);
  if (screen.view !== 'finding') return state;
  const all = shownFindings(state, screen);
  const next = all[all.findIndex(({ id }) => id === screen.finding) + by];
  return next ? withScreen(state, { finding: next.id, top: 0 }) : state;
}

function mark(state: State): State {
  const screen = current(state);
  if (screen.view === 'instance' && screen.instance !== undefined)
    return { ...state, marks: toggled(state.marks, screen.instance) };
  if (screen.view !== 'fleet') return state;
  const row = fleetRows(state, screen)[screen.cursor];
  if (row?.entry)
    return withScreen({ ...state, marks: toggled(state.marks, row.entry.id) }, { cursor: screen.cursor + 1 });
  const ids = row?.entries.map(({ id }) => id) ?? [];
  const marks = new Set(state.marks);
  const all = ids.every((id) => marks.has(id));
  for (const id of ids) all ? marks.delete(id) : marks.add(id);
  return { ...state, marks };
}

function plan(state: State): State {
  const shown = showTab(state, 'plan');
  if (!state.can.replace || !state.report || state.live || state.plan?.state === 'running') return shown;
  const effect = { type: 'plan', report: state.report, only: [...state.marks] } as const;
  return { ...shown, plan: { state: 'asking', says: '', steps: [] }, effects: [effect] };
}

function exportIt(state: State): State {
  if (!state.report || state.live) return { ...state, message: { text: 'there is no report yet', bad: true } };
  return { ...state, prompt: { kind: 'export', text: `audit-${state.report.scan.id.slice(0, 8)}.json`, before: '' } };
}

function scanAgain(state: State): State {
  if (state.live || state.plan?.state === 'running') return state;
  if (!state.can.scan)
    return {
      ...state,
      message: { text: 'nobody was named to scan: start with INSTANCE... or --inventory FILE', bad: true },
    };
  return { ...showTab(state, 'fleet'), effects: [{ type: 'scan' }] };
}

function quit(state: State): State {
  const replacing = state.plan?.state === 'running';
  if (state.quitting || (!replacing && !state.live))
    return { ...state, effects: [{ type: 'quit', interrupted: false }] };
  if (replacing) {
    const text = 'a replacement runs: q again interrupts it ("snowfence replace resume" goes on)';
    return { ...state, quitting: true, message: { text, bad: true } };
  }
  const message = { text: 'stopping the scan: what was read stays; q again quits', bad: false };
  return { ...state, quitting: true, message, effects: [{ type: 'stop-scan' }] };
}
