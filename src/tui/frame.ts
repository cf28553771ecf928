import { fitted, type Line, type Span } from './cells.ts';
import { current, type State } from './state.ts';
import { views } from './views/registry.ts';
import type { Body } from './views/view.ts';

/** Columns from which the row of the cursor is shown in full beside its list. */
const previewFrom = 120;

/** Where the parts of the screen are, in cells. */
export interface Layout {
  /** Of the list, or of all where nothing stands beside it. */
  width: number;
  /** Of what stands beside it; 0 = nothing does. */
  beside: number;
  head: Line[];
  body: Body;
  /** Rows of the part that scrolls. */
  height: number;
}

/** Divides the screen. Title, what stays, what scrolls, and a last row for keys, messages and prompts. */
export function layoutOf(state: State): Layout {
  const { columns, rows } = state.size;
  const screen = current(state);
  const view = views[screen.view];
  const beside = view.preview && columns >= previewFrom ? Math.floor(columns * 0.4) : 0;
  const width = beside > 0 ? columns - beside - 3 : columns;
  const room = Math.max(1, rows - 2);
  const head = view.head(state, screen, width).slice(0, Math.max(0, room - 3));
  return { width, beside, head, body: view.body(state, screen, width), height: Math.max(1, room - head.length) };
}

/** The whole screen, row by row, each exactly as wide as it and with nothing in it that moves the cursor. Pure; builds only what is seen. */
export function frame(state: State): Span[][] {
  const { columns, rows } = state.size;
  const screen = current(state);
  const { width, beside, head, body, height } = layoutOf(state);
  const side = beside > 0 ? (views[screen.view].preview?.(state, screen, beside) ?? []) : [];
  const lines: Line[] = [...head];
  for (let row = screen.top; row < screen.top + height; row++) {
    const line = row < body.count ? body.line(row, width) : [];
    const here = body.selectable && row === screen.cursor && row < body.count;
    lines.push(here ? fitted(line, width).map(({ text }): Span => ({ text, style: 'selected' })) : line);
  }
  const drawn = lines.map((line, i) =>
    beside === 0
      ? fitted(line, width)
      : [...fitted(line, width), { text: ' │ ', style: 'dim' as const }, ...fitted(side[i] ?? [], beside)],
  );
  const all = [titleRow(state, columns), ...drawn, footRow(state, columns)];
  return all.slice(0, Math.max(1, rows));
}

function titleRow(state: State, columns: number): Span[] {
  const path = state.screens.map((screen) => views[screen.view].title(state, screen)).join(' › ');
  const scanned = state.live ? (state.live.stopping ? 'stopping' : 'scanning') : state.title;
  const left: Line = [
    { text: ' snowfence ', style: 'accent' },
    { text: path, style: 'bold' },
  ];
  const { filter } = current(state);
  const right = `${filter === '' ? '' : `/${filter}  `}${scanned} `;
  const room = Math.min(Math.floor(columns / 3), [...right].length);
  return [...fitted(left, columns - room), ...fitted([{ text: right, style: 'dim' }], room)];
}

const prompts = {
  filter: '/',
  export: 'export to (NAME.json = JSON, else text): ',
  approve: 'approve: type 6 or more characters of the digest: ',
} as const;

function footRow(state: State, columns: number): Span[] {
  const { prompt, message } = state;
  if (prompt) {
    const label = prompts[prompt.kind];
    // The end of what is typed is what one wants to see.
    const room = Math.max(8, columns - label.length - 2);
    const typed = [...prompt.text].slice(-room).join('');
    return fitted([{ text: label, style: 'accent' }, { text: typed }, { text: '▏', style: 'accent' }], columns);
  }
  if (message) return fitted([{ text: ` ${message.text}`, style: message.bad ? 'high' : 'good' }], columns);
  const screen = current(state);
  const hints: Span[] = [{ text: ' ' }];
  let used = 1;
  for (const [key, what] of views[screen.view].hints(state, screen)) {
    used += key.length + what.length + 3;
    if (used > columns) break;
    hints.push({ text: key, style: 'bold' }, { text: ` ${what}  `, style: 'dim' });
  }
  return fitted(hints, columns);
}
