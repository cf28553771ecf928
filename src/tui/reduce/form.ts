import { changeRows } from '../changes.ts';
import { instanceRows } from '../finding-rows.ts';
import { findingOf } from '../index-report.ts';
import { current, type State, type WaiveForm } from '../state.ts';
import { waiveFields } from '../views/waive.ts';
import { back, open, withScreen } from './move.ts';
import { edited } from './prompt.ts';

/** Opens the form for the finding under the cursor. */
export function openWaiver(state: State): State {
  const of = findingHere(state);
  if (!of) return { ...state, message: { text: 'stand on a finding of this scan to waive it', bad: true } };
  const values = {
    owner: state.owner,
    reason: '',
    expires: '14d',
    ticket: '',
    scope: 'instance',
    pin: false,
    file: 'waivers.yaml',
  } as const;
  return open(state, 'waive', { ...of, form: { values, field: state.owner === '' ? 0 : 1, busy: false, error: '' } });
}

function findingHere(state: State): { instance: string; finding: string } | undefined {
  const screen = current(state);
  const { instance, finding } = screen;
  if (screen.earlier) return undefined;
  if (screen.view === 'finding' && instance !== undefined && finding !== undefined) return { instance, finding };
  if (screen.view === 'changes') {
    const row = changeRows(state, screen)[screen.cursor];
    return row && !row.earlier ? { instance: row.instance.id, finding: row.finding.id } : undefined;
  }
  if (screen.view !== 'instance' || instance === undefined) return undefined;
  const row = instanceRows(state, screen)[screen.cursor];
  return row?.type === 'finding' ? { instance, finding: row.finding.id } : undefined;
}

const scopes = ['instance', 'image', 'fleet'] as const;

/** A key while the form is filled in. */
export function typeInForm(state: State, key: string): State {
  const { form } = current(state);
  if (!form || key === 'esc') return back(state);
  if (form.busy) return state;
  const name = waiveFields[form.field] ?? 'owner';
  const go = (by: number) =>
    set(state, { ...form, field: (form.field + by + waiveFields.length) % waiveFields.length });
  if (key === 'ctrl-s' || (key === 'enter' && name === 'write it')) return submit(state, form);
  if (key === 'tab' || key === 'down' || key === 'enter') return go(1);
  if (key === 'backtab' || key === 'up') return go(-1);
  const { values } = form;
  const turns = key === ' ' || key === 'left' || key === 'right';
  if (name === 'write it') return state;
  if (name === 'pin') return turns ? set(state, { ...form, values: { ...values, pin: !values.pin } }) : state;
  if (name === 'scope') {
    const scope = scopes[(scopes.indexOf(values.scope) + (key === 'left' ? 2 : 1)) % 3] ?? 'instance';
    return turns ? set(state, { ...form, values: { ...values, scope } }) : state;
  }
  return set(state, { ...form, error: '', values: { ...values, [name]: edited(values[name], key) } });
}

function set(state: State, form: WaiveForm): State {
  return withScreen(state, { form });
}

function submit(state: State, form: WaiveForm): State {
  const { instance, finding } = current(state);
  const found = findingOf(state.report, instance, finding);
  if (!found) return set(state, { ...form, error: 'the report does not have this finding any more' });
  const missing = (['owner', 'reason', 'expires', 'file'] as const).find((name) => form.values[name].trim() === '');
  if (missing) return set(state, { ...form, field: waiveFields.indexOf(missing), error: `${missing} is empty` });
  return {
    ...set(state, { ...form, busy: true, error: '' }),
    effects: [{ type: 'waive', ...found, request: form.values }],
  };
}
