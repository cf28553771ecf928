import { layoutOf } from '../frame.ts';
import { type Action, current, type State } from '../state.ts';
import { browse } from './browse.ts';
import { typeInForm } from './form.ts';
import { withScreen } from './move.ts';
import { advance } from './progress.ts';
import { typeInPrompt } from './prompt.ts';

/** The state after something happened. Pure, and right for any order of anything; what is to be done outside stands in `effects`. */
export function reduce(state: State, action: Action): State {
  const settled: State = state.effects.length > 0 ? { ...state, effects: [] } : state;
  return inRange(step(settled, action));
}

function step(state: State, action: Action): State {
  if (action.type === 'resize') return { ...state, size: { columns: action.columns, rows: action.rows } };
  if (action.type !== 'key') return advance(state, action);
  const { message: _, ...quiet } = state;
  const { key } = action;
  if (key === 'ctrl-c') return { ...quiet, effects: [{ type: 'quit', interrupted: true }] };
  if (quiet.prompt) return typeInPrompt(quiet, quiet.prompt, key);
  if (current(quiet).view === 'waive') return typeInForm(quiet, key);
  const after = browse(quiet, key);
  return key === 'q' ? after : { ...after, quitting: false };
}

/** The cursor stands on a row that there is, and that row is on the screen. */
export function inRange(state: State): State {
  const screen = current(state);
  const { body, height } = layoutOf(state);
  if (!body.selectable) {
    const top = clamp(screen.top, 0, Math.max(0, body.count - height));
    return top === screen.top && screen.cursor === 0 ? state : withScreen(state, { top, cursor: 0 });
  }
  // An empty list has no row to stand on: the cursor begins where the list begins, once there is one.
  const cursor =
    body.count === 0 ? -1 : clamp(screen.cursor < 0 ? (body.first ?? 0) : screen.cursor, 0, body.count - 1);
  // Never above the cursor's last place on the screen, and no emptier at the end than it must be.
  const top = clamp(
    screen.top,
    Math.max(0, cursor - height + 1),
    Math.min(Math.max(0, cursor), Math.max(0, body.count - height)),
  );
  return cursor === screen.cursor && top === screen.top ? state : withScreen(state, { cursor, top });
}

function clamp(n: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, n));
}
