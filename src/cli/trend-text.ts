import { printable } from '../core/bytes.ts';
import { type Severity, severities, type Verdict, verdicts } from '../core/finding.ts';
import type { TrendRow } from '../core/schedule.ts';
import { csvOf } from '../report/csv/table.ts';

/** One image of one group over time, oldest first. */
export interface Series {
  image: string;
  group: string;
  points: TrendRow[];
}

/** Rows of a plot, and columns at most. */
const [rows, columns] = [6, 64];
const blocks = ' ▁▂▃▄▅▆▇█';
/** Without block characters: what is there, half and whole. */
const ascii = ' .:|';

/** Series of images and groups, as they first appear. */
export function seriesOf(trend: Iterable<TrendRow>): Series[] {
  const found = new Map<string, Series>();
  for (const row of trend) {
    const key = `${row.image}\0${row.group}`;
    const series = found.get(key) ?? { image: row.image, group: row.group, points: [] };
    series.points.push(row);
    found.set(key, series);
  }
  return [...found.values()];
}

/** All live findings of a row. */
export const liveOf = ({ findings }: TrendRow): number => sum(Object.values(findings));
/** All instances of a row. */
export const instancesOf = ({ verdicts: all }: TrendRow): number => sum(Object.values(all));
const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);

/** Series for people: a plot of the live findings of each, and what its last scan said. `plain`: letters and points only. */
export function* trendText(all: readonly Series[], plain: boolean): Iterable<string> {
  for (const { image, group, points } of all) {
    const [first, last] = [points[0], points.at(-1)];
    if (!first || !last) continue;
    yield `${printable(image) || '(no image known)'}${group ? `, group ${printable(group)}` : ''}\n`;
    const values = points.map(liveOf);
    yield* plot(values, plain);
    const width = Math.min(columns, values.length);
    const [from, to] = [first.startedAt.slice(0, 16), last.startedAt.slice(0, 16)];
    const gap = ' '.repeat(Math.max(2, width - from.length - to.length));
    yield `${' '.repeat(7)}${points.length > 1 ? `${from}${gap}${to}` : from}\n`;
    yield `       live findings ${values[0]} -> ${values.at(-1)} in ${points.length} ${points.length === 1 ? 'scan' : 'scans'}${listed(last)}\n\n`;
  }
}

/** `: 3 high, 1 low; 2 clean, 1 drifted` */
export function listed({ findings, verdicts: seen }: TrendRow): string {
  const severe = [...severities].reverse().flatMap((s: Severity) => (findings[s] ? [`${findings[s]} ${s}`] : []));
  const said = verdicts.flatMap((v: Verdict) => (seen[v] ? [`${seen[v]} ${v}`] : []));
  return `; now ${[severe.join(', ') || 'none', said.join(', ')].join('; ')}`;
}

/** A bar for each scan; where there are more than columns, a column is the highest of its scans. */
function* plot(values: readonly number[], plain: boolean): Iterable<string> {
  const width = Math.min(columns, values.length);
  const shown = Array.from({ length: width }, (_, i) => {
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * values.length) / width));
    return Math.max(...values.slice(from, to));
  });
  const top = Math.max(1, ...shown);
  const marks = plain ? ascii : blocks;
  const steps = marks.length - 1;
  for (let row = rows - 1; row >= 0; row--) {
    const scale = row === rows - 1 ? String(top) : row === 0 ? '0' : '';
    const line = shown.map((value) => {
      // What is there at all is seen, however small.
      const height = value === 0 ? 0 : Math.max(1, Math.round((value / top) * rows * steps));
      return marks[Math.min(steps, Math.max(0, height - row * steps))];
    });
    yield `${scale.padStart(5)} ${plain ? '|' : '┤'}${line.join('').trimEnd()}\n`;
  }
}

/** A row for each scan, image and group; the first names the columns. */
export function* trendCsv(all: readonly Series[]): Iterable<string> {
  const named = ['startedAt', 'scan', 'image', 'group', 'instances', 'findings'];
  yield csvOf([[...named, ...verdicts, ...severities]]);
  for (const { image, group, points } of all)
    yield csvOf(
      points.map((row) => [
        ...[row.startedAt, row.scan, image, group, instancesOf(row), liveOf(row)],
        ...verdicts.map((v) => row.verdicts[v] ?? 0),
        ...severities.map((s) => row.findings[s] ?? 0),
      ]),
    );
}
