import { printable } from '../../core/bytes.ts';
import { severities, verdicts } from '../../core/finding.ts';
import type { ReportView } from '../../core/report.ts';
import { type Paint, severityStyle, verdictStyle } from './style.ts';

/** What stands below all: counts, waivers, and how long it took. `unjudged`: sockets of some instance were not judged. */
export function summaryLines(report: ReportView, unjudged: boolean, paint: Paint): string[] {
  const { instances, findings, gaps } = report.summary;
  const total = report.instances.length;
  const parts = verdicts.filter((v) => instances[v] > 0).map((v) => paint(verdictStyle[v], `${instances[v]} ${v}`));
  const grave = [...severities]
    .reverse()
    .filter((s) => findings[s] > 0)
    .map((s) => paint(severityStyle[s], `${findings[s]} ${s}`));
  const seconds = (Date.parse(report.scan.finishedAt) - Date.parse(report.scan.startedAt)) / 1000;
  return [
    ...(report.scan.partial ? [paint(['bold', 'magenta'], 'The scan was interrupted: this report is partial.')] : []),
    `${total} ${total === 1 ? 'instance' : 'instances'}: ${parts.join(', ') || 'none'}`,
    `findings: ${grave.join(', ') || 'none'}${gaps > 0 ? `; ${gaps} ${gaps === 1 ? 'thing' : 'things'} could not be read` : ''}`,
    ...(unjudged
      ? [
          paint(
            'dim',
            'listening sockets were not judged: no allow rule lists any, and the manifest is of no running instance',
          ),
        ]
      : []),
    ...waiverLine(report, paint),
    paint('dim', `scan ${printable(report.scan.id)} took ${seconds.toFixed(1)} s, depth ${report.scan.depth}`),
  ];
}

/** Waivers in a line: how many there are of each standing, and the names of those that want somebody's attention. */
function waiverLine({ waivers = [] }: ReportView, paint: Paint): string[] {
  if (waivers.length === 0) return [];
  const named = (list: typeof waivers, word: string) =>
    list.length === 0
      ? []
      : [
          `${word} ${list
            .slice(0, 5)
            .map((w) => `${printable(w.id)} (${w.expires.slice(0, 16)}Z)`)
            .join(', ')}`,
        ];
  const inForce = waivers.filter((w) => w.state === 'active' || w.state === 'expiring');
  const covered = inForce.reduce((sum, w) => sum + w.used, 0);
  const parts = [
    `${inForce.length} in force, ${covered} ${covered === 1 ? 'finding' : 'findings'} waived`,
    ...named(
      waivers.filter((w) => w.state === 'expiring'),
      'expiring soon:',
    ),
    ...named(
      waivers.filter((w) => w.state === 'expired'),
      'expired, not honoured:',
    ),
    ...named(
      inForce.filter((w) => w.used === 0),
      'unused:',
    ),
  ];
  return [paint('dim', `waivers: ${parts.join('; ')}`)];
}
