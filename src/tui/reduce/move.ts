import { layoutOf } from '../frame.ts';
import { current, type Screen, type State, screenOf, type ViewName } from '../state.ts';

/** Changes the screen that is shown. */
export function withScreen(state: State, change: Partial<Screen>): State {
  const shown = current(state);
  return { ...state, screens: [...state.screens.slice(0, -1), { ...shown, ...change }] };
}

/** Shows another screen above this one. */
export function open(state: State, view: ViewName, more: Partial<Screen> = {}): State {
  return { ...state, screens: [...state.screens, screenOf(view, more)] };
}

/** Back to the screen below; the last one stays. */
export function back(state: State): State {
  return state.screens.length > 1 ? { ...state, screens: state.screens.slice(0, -1) } : state;
}

/** The views that tab goes through. */
export function tabsOf(state: State): ViewName[] {
  return ['fleet', 'images', ...(state.before ? (['changes'] as const) : []), 'plan'];
}

/** Shows one of those views instead of everything. */
export function showTab(state: State, view: ViewName): State {
  const known = state.screens[0]?.view === view ? state.screens[0] : screenOf(view);
  return { ...state, screens: [known] };
}

const far = Number.MAX_SAFE_INTEGER;

/** Rows that a key moves by, given the rows on the screen; undefined for a key that does not move. */
function distance(key: string, height: number): number | undefined {
  const half = Math.max(1, Math.floor(height / 2));
  const page = Math.max(1, height - 1);
  const moves: Record<string, number> = {
    ...{ up: -1, k: -1, down: 1, j: 1, home: -far, g: -far, end: far, G: far },
    ...{ 'ctrl-u': -half, 'ctrl-d': half, pgup: -page, pgdn: page },
  };
  return Object.hasOwn(moves, key) ? moves[key] : undefined;
}

/** The state after a key that moves; undefined when it is none. The caller brings the cursor back into range. */
export function move(state: State, key: string): State | undefined {
  const { body, height } = layoutOf(state);
  const by = distance(key, height);
  if (by === undefined) return undefined;
  const { cursor, top } = current(state);
  const to = (from: number) => Math.max(0, Math.min(body.count, from + by));
  return withScreen(state, body.selectable ? { cursor: to(cursor) } : { top: to(top) });
}
