import { printable } from '../core/bytes.ts';
import type { ControlReport, Report } from '../core/report.ts';
import { type Account, accountOf, type Control, mostCited } from './account.ts';

const style = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{border:1px solid #8886;padding:.3rem .6rem;text-align:left;vertical-align:top}
code{overflow-wrap:anywhere}.failed{color:#c0392b;font-weight:600}.evidenced{color:#1e8449}.covered{color:#b9770e}
details{margin:.2rem 0}li{overflow-wrap:anywhere}@media print{details>*{display:block}}`;

/** The compliance report as one HTML file: no script, nothing from elsewhere, fit to print and to hand to an auditor. */
export function complianceHtml(report: Report): string {
  const account = accountOf(report);
  const { frameworks, counts, instances } = account;
  const { scan } = report;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Compliance, scan ${text(scan.id)}</title><style>${style}</style></head><body>
<h1>Compliance</h1>
<p>Scan ${text(scan.id)} of ${text(scan.startedAt)}, depth ${scan.depth}, snowfence ${text(scan.scanner.version)}; ${instances.judged} of ${instances.total} instances judged.<br>
Policy <code>${text(scan.policy.digest)}</code>, probe program <code>sha256:${text(scan.probe.sha256)}</code>.</p>
<p>Controls: <span class="evidenced">${counts.evidenced} evidenced</span>, <span class="failed">${counts.failed} failed</span>, <span class="covered">${counts['not covered']} not covered</span>.</p>
${account.notJudged.length > 0 ? `<p>Not judged: ${account.notJudged.map(text).join(', ')}.</p>\n` : ''}${frameworks
  .map(
    ({ name, controls }) => `<h2>${text(name)}</h2>
<table><thead><tr><th>control</th><th>state</th><th>evidenced on</th><th>failed on</th><th>not covered on</th><th>what it rests on</th></tr></thead><tbody>
${controls.map((one) => row(one, account)).join('\n')}
</tbody></table>`,
  )
  .join('\n')}
${waivers(report)}${gaps(account)}</body></html>
`;
}

function row(one: Control, { cite }: Account): string {
  const cited = (list: ControlReport['failed'], word: string) =>
    list
      .flatMap(({ instance, findings }) => findings.flatMap((id) => cite(instance, id) ?? []))
      .slice(0, mostCited)
      .map(
        ({ instance, finding: f }) =>
          `${word} on ${text(instance)}: ${f.kind} ${text(f.subject)} (${f.severity}): ${text(f.reason)}`,
      );
  const items = [
    ...cited(one.failed, 'failed'),
    ...cited(one.waived, 'waived'),
    ...one.partly.slice(0, mostCited).map(({ instance, why }) => `not covered on ${text(instance)}: ${text(why)}`),
    `rules: ${one.rules.map(text).join(', ')}`,
  ];
  const list = `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`;
  const state = one.state === 'not covered' ? 'covered' : one.state;
  return `<tr><td>${text(one.number)}</td><td class="${state}">${one.state}</td><td>${one.evidenced}</td><td>${one.failed.length}</td><td>${one.notCovered.length}</td><td><details${one.state === 'failed' ? ' open' : ''}><summary>${one.rules.length} rules</summary>${list}</details></td></tr>`;
}

function waivers({ waivers: list = [] }: Report): string {
  if (list.length === 0) return '';
  const rows = list.map(
    (w) =>
      `<tr><td>${text(w.id)}</td><td>${w.state}</td><td>${text(w.expires)}</td><td>${text(w.owner)}</td><td>${text(w.ticket ?? '')}</td><td>${w.used}</td><td>${text(w.reason)}</td></tr>`,
  );
  return `<h2>Waivers</h2>
<table><thead><tr><th>waiver</th><th>state</th><th>until (UTC)</th><th>owner</th><th>ticket</th><th>findings</th><th>reason</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table>
`;
}

function gaps({ gaps: list }: Account): string {
  if (list.length === 0) return '';
  const items = list
    .slice(0, 200)
    .map(({ instance, gap }) => `<li>${text(instance)}: ${gap.probe}: ${text(gap.detail)} [${gap.reason}]</li>`);
  return `<h2>Not read</h2>\n<ul>${items.join('\n')}</ul>\n`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text of others as text. */
function text(value: string): string {
  return printable(value).replace(/[&<>"']/g, (mark) => entities[mark] ?? '');
}
