import type { ScanRow } from '../../core/ports.ts';
import { escaped } from '../xml.ts';

/** Size of the drawing, in its own units. */
const [width, height, left, bottom] = [800, 160, 50, 20];

/** Live findings and instances of the scans that are remembered, oldest left; nothing where there are fewer than two. */
export function chartOf(history: readonly ScanRow[], current: string): string {
  const rows = [...history].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last || rows.length < 2) return '';
  const times = rows.map((row) => Date.parse(row.startedAt) || 0);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const x = (time: number) => left + ((time - from) / Math.max(1, to - from)) * (width - left - 10);
  const line = (name: string, of: (row: ScanRow) => number) => {
    const most = Math.max(1, ...rows.map(of));
    const y = (value: number) => 10 + (1 - value / most) * (height - 10 - bottom);
    const points = rows.map((row, i) => `${x(times[i] ?? 0).toFixed(1)},${y(of(row)).toFixed(1)}`);
    const dots = rows.map(
      (row, i) =>
        `<circle class="${name}${row.id === current ? ' now' : ''}" cx="${x(times[i] ?? 0).toFixed(1)}" cy="${y(of(row)).toFixed(1)}" r="${row.id === current ? 5 : 3}"><title>${escaped(row.startedAt)}: ${row.findings} findings on ${row.instances} instances${row.partial ? ', partial' : ''}</title></circle>`,
    );
    return { most, svg: `<polyline class="${name}" points="${points.join(' ')}"/>${dots.join('')}` };
  };
  const findings = line('findings', (row) => row.findings);
  const instances = line('instances', (row) => row.instances);
  const scale = (y: number, text: string) => `<text x="${left - 6}" y="${y}" text-anchor="end">${text}</text>`;
  return `<section aria-label="history"><h2>History</h2><svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="findings and instances of ${rows.length} scans">
<line x1="${left}" y1="${height - bottom}" x2="${width}" y2="${height - bottom}"/>${scale(18, String(findings.most))}${scale(height - bottom, '0')}
${instances.svg}
${findings.svg}
<text x="${left}" y="${height - 4}">${escaped(first.startedAt.slice(0, 16))}</text><text x="${width - 4}" y="${height - 4}" text-anchor="end">${escaped(last.startedAt.slice(0, 16))}</text></svg>
<p><span class="key findings"></span> live findings (at most ${findings.most}) <span class="key instances"></span> instances (at most ${instances.most}), ${rows.length} scans</p></section>\n`;
}
