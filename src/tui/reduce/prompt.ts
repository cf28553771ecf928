import { isText } from '../keys.ts';
import { current, type Prompt, type State } from '../state.ts';
import { withScreen } from './move.ts';

/** Longest that may be typed, characters. */
const longest = 500;

/** A key while something is typed at the foot of the screen. */
export function typeInPrompt(state: State, prompt: Prompt, key: string): State {
  const { prompt: _, ...closed } = state;
  if (key === 'esc') return prompt.kind === 'filter' ? withScreen(closed, { filter: prompt.before }) : closed;
  if (key === 'enter') return prompt.kind === 'filter' ? closed : answered(closed, prompt);
  // Lists can be moved in while they are filtered.
  if (prompt.kind === 'filter' && (key === 'up' || key === 'down'))
    return withScreen(state, { cursor: Math.max(0, current(state).cursor + (key === 'up' ? -1 : 1)) });
  const text = edited(prompt.text, key);
  const typed: State = { ...state, prompt: { ...prompt, text } };
  return prompt.kind === 'filter' && text !== prompt.text
    ? withScreen(typed, { filter: text, cursor: -1, top: 0 })
    : typed;
}

/** A text after a key. */
export function edited(text: string, key: string): string {
  if (key === 'backspace') return [...text].slice(0, -1).join('');
  if (key === 'ctrl-u') return '';
  return isText(key) && text.length < longest ? text + key : text;
}

function answered(state: State, { kind, text }: Prompt): State {
  const typed = text.trim();
  if (kind === 'export') {
    if (typed === '' || !state.report) return state;
    return { ...state, effects: [{ type: 'export', file: typed, report: state.report }] };
  }
  const plan = state.plan?.plan;
  if (!plan || state.plan?.state !== 'ready') return state;
  const hex = typed.toLowerCase().replace(/^sha256:/, '');
  if (hex.length < 6 || !plan.digest.replace(/^sha256:/, '').startsWith(hex)) {
    const said =
      hex.length < 6 ? 'type at least 6 characters of the digest' : `"${typed}" is not how the digest begins`;
    return { ...state, message: { text: `not approved: ${said}; nothing was done`, bad: true } };
  }
  return { ...state, plan: { ...state.plan, state: 'running', steps: [] }, effects: [{ type: 'apply', plan }] };
}
