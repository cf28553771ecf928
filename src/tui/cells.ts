import stringWidth from 'string-width';
import { printable } from '../core/bytes.ts';

/** What a piece of text is, so that the theme can say how it looks; without colours the words alone must do. */
export type Style =
  | 'plain'
  | 'bold'
  | 'dim'
  | 'accent'
  | 'critical'
  | 'high'
  | 'medium'
  | 'low'
  | 'info'
  | 'good'
  | 'unread'
  | 'added'
  | 'removed'
  /** The row of the cursor. */
  | 'selected';

export interface Span {
  text: string;
  style?: Style;
}

/** One row of the screen, not yet cut to its width. */
export type Line = readonly Span[];

/** Longest text of a span that is looked at, UTF-16 units; nobody has a wider terminal. */
const longest = 4096;

/** Code units that one cell may be made of: letters under a heap of combining marks are cut. */
const heaviest = 8;

/** What core/bytes.ts lets pass, and terminals disagree on the width of: fillers, variation selectors, tags, Arabic letter mark. */
const doubtful = /[\p{Default_Ignorable_Code_Point}\p{Surrogate}\ufff0-\ufffb]/gu;

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const isPlain = (text: string) => /^[\u0020-\u007e]*$/.test(text);

/** Text that cannot move the cursor and whose width every terminal agrees on: everything drawn has gone through here. */
export function clean(text: string): string {
  const short = text.length > longest ? text.slice(0, longest) : text;
  if (isPlain(short)) return short;
  return printable(short).replace(doubtful, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Cells that a clean text takes. */
export function widthOf(text: string): number {
  return isPlain(text) ? text.length : graphemes(text).reduce((sum, one) => sum + stringWidth(one), 0);
}

function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) =>
    segment.length > heaviest ? [...segment].slice(0, heaviest / 2).join('') : segment,
  );
}

/** The beginning of a clean text that fits, and the cells it takes. */
function cut(text: string, width: number): { text: string; width: number } {
  if (isPlain(text)) return { text: text.slice(0, width), width: Math.min(text.length, width) };
  let taken = '';
  let cells = 0;
  for (const one of graphemes(text)) {
    const wide = stringWidth(one);
    if (cells + wide > width) break;
    taken += one;
    cells += wide;
  }
  return { text: taken, width: cells };
}

/** A text of exactly so many cells: cut with an ellipsis, or padded. */
export function pad(text: string, width: number): string {
  const safe = clean(text);
  const wide = widthOf(safe);
  if (wide <= width) return safe + ' '.repeat(width - wide);
  const part = cut(safe, Math.max(0, width - 1));
  return `${part.text}${width > 0 ? '…' : ''}${' '.repeat(Math.max(0, width - 1 - part.width))}`;
}

/** The line in exactly `width` cells, clean: the only form in which anything reaches the terminal. */
export function fitted(line: Line, width: number): Span[] {
  const out: Span[] = [];
  let left = width;
  for (const { text, style } of line) {
    if (left <= 0) break;
    const safe = clean(text);
    const wide = widthOf(safe);
    const shown = wide <= left ? safe : pad(safe, left);
    if (shown !== '') out.push(style === undefined ? { text: shown } : { text: shown, style });
    left -= Math.min(wide, left);
  }
  if (left > 0) out.push({ text: ' '.repeat(left) });
  return out;
}

/** The clean text of a line, as a screen reader gets it. */
export function textOf(line: Line): string {
  return line
    .map(({ text }) => clean(text))
    .join('')
    .trimEnd();
}

/** Breaks a text into pieces of at most `width` cells, between words where it can; at least one piece. */
export function wrap(text: string, width: number): string[] {
  const room = Math.max(1, width);
  const lines: string[] = [];
  let line = '';
  let used = 0;
  const flush = () => {
    lines.push(line);
    line = '';
    used = 0;
  };
  for (const word of clean(text).split(' ')) {
    let rest = word;
    const wide = widthOf(rest);
    // A word that fits on no line begins on this one.
    if (used > 0 && used + 1 + wide > room && (wide <= room || used + 1 >= room)) flush();
    else if (used > 0) {
      line += ' ';
      used += 1;
    }
    while (widthOf(rest) > room - used) {
      const part = cut(rest, room - used);
      // A glyph that is wider than the whole room still has to go somewhere.
      const taken = part.text === '' && used === 0 ? ([...rest][0] ?? '') : part.text;
      line += taken;
      rest = rest.slice(taken.length);
      flush();
      if (rest === '') break;
    }
    line += rest;
    used += widthOf(rest);
  }
  flush();
  return lines;
}

/** `label  value`, the value wrapped beside its label. */
export function field(label: string, value: string, width: number, style?: Style): Line[] {
  const indent = 13;
  return wrap(value, width - indent).map((text, i) => [
    { text: (i === 0 ? label : '').padEnd(indent), style: 'dim' },
    style === undefined ? { text } : { text, style },
  ]);
}

/** A paragraph. */
export function paragraph(text: string, width: number, style?: Style): Line[] {
  return wrap(text, width).map((one) => [style === undefined ? { text: one } : { text: one, style }]);
}
