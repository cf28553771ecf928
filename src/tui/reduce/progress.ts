import type { ScanEvent } from '../../core/report.ts';
import { fleetRows } from '../fleet-rows.ts';
import { type Action, current, type Live, type Phase, type State } from '../state.ts';
import { back, showTab, withScreen } from './move.ts';

/** What the world tells: the scan, and answers to what was asked of it. */
export function advance(state: State, action: Exclude<Action, { type: 'key' | 'resize' }>): State {
  switch (action.type) {
    case 'scan-begun': {
      const live: Live = { instances: action.instances, phases: new Map(), done: 0, bytes: 0, stopping: false };
      return { ...showTab(state, 'fleet'), live };
    }
    case 'events':
      return state.live
        ? { ...state, live: action.events.reduce(heard, { ...state.live, phases: new Map(state.live.phases) }) }
        : state;
    case 'report':
      return arrived(state, action);
    case 'planned':
      return { ...state, plan: { state: 'ready', plan: action.plan, says: '', steps: [] } };
    case 'stepped':
      return state.plan ? { ...state, plan: { ...state.plan, steps: [...state.plan.steps, action.seen] } } : state;
    case 'ended': {
      const { run, state: how, says } = action.ended;
      const text = `run ${run.slice(0, 8)}: ${how}. ${says}`;
      const plan = { ...(state.plan ?? { steps: [] }), state: 'ended' as const, says: text };
      return { ...state, marks: new Set(), quitting: false, plan, message: { text, bad: how !== 'done' } };
    }
    case 'waived':
      return { ...(current(state).view === 'waive' ? back(state) : state), message: { text: action.says, bad: false } };
    case 'said':
      return { ...state, message: { text: action.says, bad: false } };
    case 'failed':
      return failed(state, action);
  }
}

/** Changes the phases of the copy that it is given. */
function heard(live: Live & { phases: Map<string, Phase> }, event: ScanEvent): Live & { phases: Map<string, Phase> } {
  if (event.type === 'instance-started') {
    live.phases.set(event.instance, { state: 'connecting', bytes: 0, gaps: 0, files: 0 });
  } else if (event.type === 'instance-progress') {
    const known = live.phases.get(event.instance);
    live.phases.set(event.instance, { state: 'reading', bytes: event.bytes, gaps: 0, files: 0 });
    return { ...live, bytes: live.bytes + Math.max(0, event.bytes - (known?.bytes ?? 0)) };
  } else if (event.type === 'instance-finished') {
    const { bytes = 0 } = live.phases.get(event.instance) ?? {};
    live.phases.set(event.instance, { state: 'read', bytes, gaps: event.gaps, files: event.files });
    return { ...live, done: live.done + 1 };
  }
  return live;
}

/** A scan has ended: its report is shown. A cursor that was moved stays on its instance; else it begins on the worst. */
function arrived(state: State, { report, title }: Extract<Action, { type: 'report' }>): State {
  const { live, plan, ...rest } = state;
  const screen = current(state);
  const here = live && screen.view === 'fleet' ? fleetRows(state, screen)[screen.cursor]?.entry?.id : undefined;
  // A plan rests on its scan: with another one it is no plan any more, unless it is being done.
  const shown: State = { ...rest, report, title, quitting: false, ...(plan?.state === 'running' ? { plan } : {}) };
  if (here === undefined) return shown;
  if (screen.cursor <= 1) return withScreen(shown, { cursor: -1, top: 0 });
  const row = fleetRows(shown, screen).findIndex(({ entry }) => entry?.id === here);
  return row < 0 ? shown : withScreen(shown, { cursor: row });
}

function failed(state: State, { what, says }: Extract<Action, { type: 'failed' }>): State {
  const screen = current(state);
  if (what === 'waive' && screen.form) return withScreen(state, { form: { ...screen.form, busy: false, error: says } });
  const message = { text: says.replaceAll('\n', '; '), bad: true };
  if (what === 'plan') return { ...state, plan: { state: 'error', says, steps: [] } };
  if (what === 'apply' && state.plan)
    return { ...state, quitting: false, message, plan: { ...state.plan, state: 'error', says } };
  if (what !== 'scan') return { ...state, message };
  const { live: _, ...rest } = state;
  return { ...rest, quitting: false, message };
}
