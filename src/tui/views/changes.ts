import type { Report } from '../../core/report.ts';
import { type Line, pad, type Style } from '../cells.ts';
import { type ChangeRow, changeRows } from '../changes.ts';
import { findingText } from './finding.ts';
import { findingLine } from './instance.ts';
import type { View } from './view.ts';

const styles: Record<ChangeRow['what'], Style> = {
  new: 'high',
  worse: 'high',
  unknown: 'unread',
  better: 'good',
  resolved: 'good',
};

/** What changed between two scans. */
export const changesView: View = {
  title: () => 'changes',
  head(state, screen) {
    const rows = changeRows(state, { ...screen });
    const count = (what: ChangeRow['what']) => rows.filter((row) => row.what === what).length;
    const spans = (Object.keys(styles) as ChangeRow['what'][])
      .filter((what) => count(what) > 0)
      .map((what) => ({ text: `${what} ${count(what)}  `, style: styles[what] }));
    return [
      [{ text: `${when(state.before)} and ${when(state.report)}`, style: 'dim' }],
      spans.length > 0 ? spans : [{ text: 'nothing differs', style: 'good' }],
    ];
  },
  body(state, screen) {
    const rows = changeRows(state, screen);
    return { count: rows.length, selectable: true, line: (row, width) => changeLine(rows[row], width) };
  },
  preview(state, screen, width) {
    const row = changeRows(state, screen)[screen.cursor];
    return row ? findingText(row.instance, row.finding, width) : [];
  },
  hints: () => [
    ['enter', 'open'],
    ['/', 'filter'],
    ['1-5', 'severities'],
    ['tab', 'views'],
    ['?', 'help'],
    ['q', 'quit'],
  ],
};

function when(report: Report | undefined): string {
  return report ? `${report.scan.startedAt.slice(0, 16)}Z (${report.scan.id.slice(0, 8)})` : 'none';
}

function changeLine(row: ChangeRow | undefined, width: number): Line {
  if (!row) return [];
  const name = Math.max(10, Math.min(24, width - 50));
  return [
    { text: row.what.padEnd(9), style: styles[row.what] },
    { text: `${pad(row.instance.name, name)} `, style: 'bold' },
    ...findingLine(row.finding),
  ];
}
