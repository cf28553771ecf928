import type { Severity, Verdict } from '../core/finding.ts';
import type { Span, Style } from './cells.ts';

/** SGR parameters (ECMA-48) of a style: weight, and one of the sixteen colours of the terminal's own theme, legible on light and dark. */
const looks: Record<Style, { weight?: number; color?: number }> = {
  plain: {},
  bold: { weight: 1 },
  dim: { weight: 2 },
  accent: { weight: 1, color: 36 },
  critical: { weight: 1, color: 31 },
  high: { color: 31 },
  medium: { color: 33 },
  low: { color: 36 },
  info: { color: 90 },
  good: { color: 32 },
  unread: { color: 35 },
  added: { color: 32 },
  removed: { color: 31 },
  selected: { weight: 7 },
};

/** What ends each weight. */
const ends: Record<number, number> = { 1: 22, 2: 22, 7: 27 };

/**
 * Spans that were made fit, with the sequences that style them: the only sequences that are drawn, as their text is clean. Without
 * colours weight, dimness and the cursor's inversion remain: the words say everything else.
 */
export function painted(spans: readonly Span[], color: boolean): string {
  return spans.map(({ text, style }) => paint(text, looks[style ?? 'plain'], color)).join('');
}

function paint(text: string, { weight, color: hue }: { weight?: number; color?: number }, color: boolean): string {
  const begin = [...(weight === undefined ? [] : [weight]), ...(hue === undefined || !color ? [] : [hue])];
  if (begin.length === 0) return text;
  const end = begin.map((one) => ends[one] ?? 39).reverse();
  return `\u001b[${begin.join(';')}m${text}\u001b[${end.join(';')}m`;
}

export const severityStyle: Record<Severity, Style> = {
  critical: 'critical',
  high: 'high',
  medium: 'medium',
  low: 'low',
  info: 'info',
};

export const verdictStyle: Record<Verdict, Style> = {
  unreachable: 'unread',
  'unknown-image': 'unread',
  snowflake: 'critical',
  violating: 'high',
  drifted: 'medium',
  incomplete: 'unread',
  clean: 'good',
};
