import type { ImageReport, ReportView } from '../../core/report.ts';
import { cut } from '../text.ts';
import { escaped } from '../xml.ts';

/** Images, and of each shared findings, that are told. */
const mostImages = 200;
const mostShared = 20;

/** What is said of each image: its instances, what they share, what to do with it. */
export function imagesOf({ fleet }: Pick<ReportView, 'fleet'>): string {
  if (fleet.length === 0) return '';
  const more = fleet.length - mostImages;
  return `<section aria-label="images"><h2>Images</h2><table><thead><tr><th>image</th><th>instances</th><th>snowflakes</th><th>shared by most</th><th>what to do</th></tr></thead><tbody>
${fleet.slice(0, mostImages).map(row).join('\n')}
</tbody></table>${more > 0 ? `<p>and ${more} more images</p>` : ''}</section>\n`;
}

function row({ image, instances, snowflakes, consensus, recommendation }: ImageReport): string {
  const shared = consensus
    .slice(0, mostShared)
    .map(
      (f) =>
        `<li>${f.kind} <code>${escaped(cut(f.subject, 300))}</code> ${escaped(f.change)} (${f.seen} of ${f.of})</li>`,
    );
  const rest = consensus.length > mostShared ? `<li>and ${consensus.length - mostShared} more</li>` : '';
  const list =
    consensus.length === 0
      ? 'nothing'
      : `<details><summary>${consensus.length}</summary><ul>${shared.join('')}${rest}</ul></details>`;
  const advice = recommendation
    ? `<b>${recommendation.action}</b> ${escaped(recommendation.reason)} ${recommendation.confidence ? `(confidence ${recommendation.confidence})` : ''}`
    : '';
  return `<tr><td><code>${escaped(cut(image, 300)) || 'unknown'}</code></td><td>${instances}</td><td>${snowflakes.length}</td><td>${list}</td><td>${advice}</td></tr>`;
}
