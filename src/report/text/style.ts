import { styleText } from 'node:util';
import type { Severity, Verdict } from '../../core/finding.ts';

type Format = Parameters<typeof styleText>[0];

/** Paints text, or leaves it alone. Whatever is painted was made printable before: no escape of a target gets here. */
export type Paint = (format: Format, text: string) => string;

export function painter(color: boolean): Paint {
  return color ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text;
}

export const severityStyle: Record<Severity, Format> = {
  critical: ['bold', 'red'],
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
  info: 'gray',
};

export const verdictStyle: Record<Verdict, Format> = {
  unreachable: 'magenta',
  'unknown-image': 'magenta',
  snowflake: ['bold', 'red'],
  violating: 'red',
  drifted: 'yellow',
  incomplete: 'magenta',
  clean: 'green',
};
