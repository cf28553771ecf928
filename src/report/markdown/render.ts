import { severities, verdicts } from '../../core/finding.ts';
import type { ReportView } from '../../core/report.ts';
import { type Group, overviewOf } from '../overview.ts';
import type { Renderer } from '../renderer.ts';
import { inOrder } from '../stream.ts';
import { detailsOf } from './details.ts';
import { code, prose } from './escape.ts';

/** A comment of GitHub holds 65,536 characters; what would go beyond this is counted instead of told. */
const budget = 60_000;

/** Rows of the table of instances. */
const mostRows = 40;

/** GitHub-flavoured markdown for a pull request or a chat: what came out, worst instances, details folded. */
export const markdown: Renderer = {
  format: 'markdown',
  *render(report, { all }) {
    const { groups, clean, actions } = overviewOf(report, all);
    const rest = groups.reduce((sum, { count }) => sum + count, 0);
    let used = 0;
    const tell = (text: string) => {
      used += text.length;
      return text;
    };
    yield tell(head(report));
    const steps = (['investigate', 'replace', 'rebake'] as const).flatMap((action) => {
      const named = actions.get(action);
      if (!named) return [];
      const more = named.count > named.first.length ? ` and ${named.count - named.first.length} more` : '';
      return [`- **${action}**: ${named.first.map((name) => code(name)).join(', ')}${more}`];
    });
    if (steps.length > 0) yield tell(`${steps.join('\n')}\n\n`);
    if (rest > 0) {
      yield tell(`| instance | verdict | score | findings | image | recommendation |\n|---|---|---:|---|---|---|\n`);
      const rows = groups.slice(0, mostRows);
      for (const row of inOrder(report.instances, rows, (one, k) => rowOf(one, groups[k] as Group))) yield tell(row);
      const left = groups.slice(mostRows).reduce((sum, { count }) => sum + count, 0);
      yield tell(left > 0 ? `\n${left} more instances are not in this table.\n\n` : '\n');
    }
    let untold = 0;
    const details = groups.slice(0, mostRows);
    for (const text of inOrder(report.instances, details, (one, k) => detailsOf(one, groups[k] as Group, all)))
      if (used + text.length > budget) untold++;
      else yield tell(text);
    if (untold > 0) yield `The details of ${untold} more are left out: the other formats have them.\n\n`;
    if (clean.count > 0)
      yield `${clean.count} ${clean.count === 1 ? 'instance is' : 'instances are'} as in the image.\n\n`;
    yield `<sub>scan ${code(report.scan.id)}, ${prose(report.scan.startedAt)}, depth ${report.scan.depth}, snowfence ${prose(report.scan.scanner.version)}</sub>\n`;
  },
};

function head({ summary, instances, scan }: ReportView): string {
  const parts = verdicts.filter((v) => summary.instances[v] > 0).map((v) => `${summary.instances[v]} ${v}`);
  const found = [...severities]
    .reverse()
    .filter((s) => summary.findings[s] > 0)
    .map((s) => `${summary.findings[s]} ${s}`);
  const gaps = summary.gaps > 0 ? ` ${summary.gaps} ${summary.gaps === 1 ? 'thing' : 'things'} could not be read.` : '';
  return [
    `## snowfence: ${parts.join(', ') || 'no instances'}`,
    '',
    ...(scan.partial ? ['**The scan was interrupted: this report is partial.**', ''] : []),
    `${instances.length} ${instances.length === 1 ? 'instance' : 'instances'}; findings: ${found.join(', ') || 'none'}.${gaps}`,
    '',
    '',
  ].join('\n');
}

function rowOf(one: Parameters<typeof detailsOf>[0], { count, first }: Group): string {
  const who = count === 1 ? code(one.name) : `${code(first[0] ?? '')} and ${count - 1} alike`;
  const counts = [...severities].reverse().flatMap((severity) => {
    const n = one.findings.filter(
      (f) => f.severity === severity && (f.disposition === 'drift' || f.disposition === 'violation'),
    );
    return n.length > 0 ? [`${n.length} ${severity}`] : [];
  });
  return `| ${who} | ${one.verdict} | ${one.score} | ${counts.join(', ') || 'none'} | ${code(one.image.ref)} | ${one.recommendation.action} |\n`;
}
