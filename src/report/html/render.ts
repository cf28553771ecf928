import { createHash } from 'node:crypto';
import { severities, verdicts } from '../../core/finding.ts';
import type { ReportView } from '../../core/report.ts';
import type { Renderer } from '../renderer.ts';
import { escaped } from '../xml.ts';
import { chartOf } from './chart.ts';
import { dataOf, findingsEach, json } from './data.ts';
import { imagesOf } from './images.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/** Characters of data in one element, about. */
const atOnce = 200_000;

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * One HTML file that needs nothing from elsewhere: counts, images and history as markup, instances as data that our own script
 * shows page by page. What comes from targets is only ever text: of markup by escaping, in the script by textContent; the
 * policy of the page lets no other script run and no request leave.
 */
export const html: Renderer = {
  format: 'html',
  *render(report, { all, history = [] }) {
    yield head(report);
    yield chartOf(history, report.scan.id);
    yield imagesOf(report);
    yield browser();
    const each = findingsEach(report.instances.length);
    let held = '';
    for (const one of report.instances) {
      held += `${held === '' ? '' : ',\n'}${json(dataOf(one, all, each))}`;
      if (held.length < atOnce) continue;
      yield element(held);
      held = '';
    }
    if (held !== '') yield element(held);
    yield `<script type="module">${script}</script>\n</body></html>\n`;
  },
};

const element = (held: string) => `<script type="application/json" class="data">[${held}]</script>\n`;

function head({ scan, summary, instances }: ReportView): string {
  const policy = [
    `default-src 'none'`,
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `require-trusted-types-for 'script'`,
    'trusted-types',
  ].join('; ');
  const counts = verdicts.map((v) => `<li class="v-${v}"><b>${Number(summary.instances[v] ?? 0)}</b> ${v}</li>`);
  const found = [...severities]
    .reverse()
    .map((s) => `<li class="s-${s}"><b>${Number(summary.findings[s] ?? 0)}</b> ${s}</li>`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="referrer" content="no-referrer">
<title>snowfence, scan ${escaped(scan.id.slice(0, 8))}</title><style>${style}</style></head><body>
<header><h1>snowfence</h1>
<p>${instances.length} ${instances.length === 1 ? 'instance' : 'instances'}, scan <code>${escaped(scan.id)}</code> of ${escaped(scan.startedAt)}, depth ${escaped(scan.depth)}, snowfence ${escaped(scan.scanner.version)}${scan.partial ? ' <strong>The scan was interrupted: this report is partial.</strong>' : ''}</p></header>
<section aria-label="summary"><ul class="counts">${counts.join('')}</ul>
<ul class="counts">${found.join('')}<li><b>${Number(summary.gaps)}</b> not read</li></ul></section>
`;
}

/** The parts that the script fills. */
function browser(): string {
  return `<section id="map" aria-label="fleet map"></section>
<form id="filters" role="search"><input id="search" type="search" placeholder="search names, images, paths, rules (/)" aria-label="search" autocomplete="off">
<fieldset id="verdicts"><legend>verdict</legend></fieldset><fieldset id="severities"><legend>severity</legend></fieldset>
<label>kind <select id="kind"><option value="">all</option></select></label>
<label>order <select id="order"><option value="score">worst first</option><option value="name">name</option><option value="image">image</option></select></label>
<button type="reset">clear</button></form>
<p id="count" aria-live="polite"></p><noscript><p>The list of instances needs the script of this file; the text, markdown and CSV formats need none.</p></noscript>
<main id="list"></main><nav id="pages" aria-label="pages"></nav>
`;
}
