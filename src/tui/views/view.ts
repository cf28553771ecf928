import type { Line } from '../cells.ts';
import type { Screen, State } from '../state.ts';

/** The scrolling part of a screen. Only rows that are on the screen are built. */
export interface Body {
  count: number;
  /** The cursor stands on a row; else the text moves under the window. */
  selectable: boolean;
  /** Where the cursor begins; the first row, unless that is a mere heading. */
  first?: number;
  line(row: number, width: number): Line;
}

/** What a screen shows. Pure: the same state gives the same lines. */
export interface View {
  /** Its place in the line of titles. */
  title(state: State, screen: Screen): string;
  /** Rows that stay above what scrolls; at most six. */
  head(state: State, screen: Screen, width: number): Line[];
  body(state: State, screen: Screen, width: number): Body;
  /** What is shown beside it where there is room, about the row of the cursor. */
  preview?(state: State, screen: Screen, width: number): Line[];
  /** Keys that matter here, most wanted first. */
  hints(state: State, screen: Screen): readonly (readonly [key: string, what: string])[];
}

/** A body of ready lines. */
export function textBody(lines: readonly Line[]): Body {
  return { count: lines.length, selectable: false, line: (row) => lines[row] ?? [] };
}
