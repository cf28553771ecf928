import type { TextProps } from 'ink';
import type { Severity, Verdict } from '../core/finding.ts';
import type { Style } from './cells.ts';

/** How a style looks. The sixteen colours of the terminal's own theme, so that it is legible on light and dark. */
const looks: Record<Style, TextProps> = {
  plain: {},
  bold: { bold: true },
  dim: { dimColor: true },
  accent: { color: 'cyan', bold: true },
  critical: { color: 'red', bold: true },
  high: { color: 'red' },
  medium: { color: 'yellow' },
  low: { color: 'cyan' },
  info: { color: 'gray' },
  good: { color: 'green' },
  unread: { color: 'magenta' },
  added: { color: 'green' },
  removed: { color: 'red' },
  selected: { inverse: true },
};

/** What ink is told of a style. Without colours weight and dimness remain: they carry no meaning that the words do not. */
export function look(style: Style | undefined, color: boolean): TextProps {
  const { color: hue, ...weight } = looks[style ?? 'plain'];
  return color && hue !== undefined ? { ...weight, color: hue } : weight;
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
