import type { TrendRow } from '../core/schedule.ts';
import { chartOf } from '../report/html/chart.ts';
import { style } from '../report/html/style.ts';
import { escaped } from '../report/xml.ts';
import { instancesOf, listed, liveOf, type Series } from './trend-text.ts';

/** The same as a page of its own: no script, nothing from elsewhere. */
export function* trendHtml(all: readonly Series[]): Iterable<string> {
  yield `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>snowfence: drift over time</title><style>${style}</style></head><body>
<h1>Drift over time</h1>
`;
  for (const { image, group, points } of all) {
    const [first, last] = [points[0], points.at(-1)];
    if (!first || !last) continue;
    const of = `${escaped(image) || '(no image known)'}${group ? `, group ${escaped(group)}` : ''}`;
    yield `<h2>${of}</h2>
<p>live findings ${liveOf(first)} &rarr; ${liveOf(last)} in ${points.length} ${points.length === 1 ? 'scan' : 'scans'}${escaped(listed(last))}</p>
${chartOf(points.map(rowOf), last.scan)}`;
  }
  yield '</body></html>\n';
}

/** What the chart draws of a scan. */
function rowOf(row: TrendRow) {
  const { scan: id, startedAt } = row;
  const counts = { instances: instancesOf(row), findings: liveOf(row) };
  return { ...counts, id, startedAt, finishedAt: startedAt, worst: '', partial: false };
}
