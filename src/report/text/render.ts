import { printable } from '../../core/bytes.ts';
import { isLive } from '../../core/finding.ts';
import type { InstanceReport, ReportFinding } from '../../core/report.ts';
import { type Clean, type Group, overviewOf, type Shared } from '../overview.ts';
import type { Renderer } from '../renderer.ts';
import { inOrder } from '../stream.ts';
import { findingLines } from './finding.ts';
import { names, nextSteps } from './next.ts';
import { type Paint, painter, verdictStyle } from './style.ts';
import { summaryLines } from './summary.ts';

/** For people: worst instances first, findings worst first, then what to do. */
export const text: Renderer = {
  format: 'text',
  *render(report, { color, all }) {
    const paint = painter(color);
    const { groups, clean, shared, isShared, actions, unjudged } = overviewOf(report, all);
    for (const one of shared) yield lines(sharedLines(one, paint));
    const wanted = groups.map(({ index, weight }) => ({ index, weight }));
    const telling = { paint, all, isShared };
    yield* inOrder(report.instances, wanted, (instance, k) =>
      lines([...groupLines(instance, groups[k] as Group, telling), '']),
    );
    if (clean.count > 0)
      yield lines([`${paint(verdictStyle.clean, 'clean')}  ${names(clean)} ${paint('dim', `(${hashes(clean)})`)}`, '']);
    yield lines([...nextSteps(report, actions, paint), ...summaryLines(report, unjudged, paint)]);
  },
};

const lines = (list: string[]) => (list.length > 0 ? `${list.join('\n')}\n` : '');

interface Telling {
  paint: Paint;
  all: boolean;
  isShared(instance: InstanceReport, finding: ReportFinding): boolean;
}

/** How many files the word "clean" rests on, and how old the oldest of their hashes is. */
function hashes({ files, now, oldest }: Clean): string {
  if (now >= files) return `${files} files hashed, all as in the image`;
  return `${files} files as in the image: ${now} hashed now, the others untouched since they were, the first at ${oldest.slice(0, 16)}Z`;
}

/** What most instances of an image share. */
function sharedLines({ image, instances, findings }: Shared, paint: Paint): string[] {
  const head = `${paint('bold', `image ${printable(image)}`)}  most of its ${instances} instances share this`;
  return [head, ...findings.flatMap(({ finding, of }) => findingLines(finding, paint, of)), ''];
}

/** Instances of one kind, told by the first of them. */
function groupLines(instance: InstanceReport, group: Group, { paint, all, isShared }: Telling): string[] {
  const shown = instance.findings.filter((f) => all || isLive(f));
  const findings = shown.filter((f) => !isShared(instance, f));
  const shared = shown.length - findings.length;
  const hidden = instance.findings.length - shown.length;
  const who = group.count === 1 ? printable(instance.name) : `${names(group)} (${group.count} alike)`;
  const image = instance.image.ref ? `image ${printable(instance.image.ref)}` : 'image unknown';
  const head = `${paint('bold', who)}  ${paint(verdictStyle[instance.verdict], instance.verdict)}  score ${instance.score}  ${paint('dim', `${image}${instance.os ? `, ${printable(instance.os)}` : ''}`)}`;
  return [
    head,
    ...findings.flatMap((f) => findingLines(f, paint, group.count > 1 ? instance.name : undefined)),
    ...(shared > 0
      ? [
          paint(
            'dim',
            `  ${findings.length > 0 ? 'and ' : ''}${shared} that most of its siblings share, told with the image`,
          ),
        ]
      : []),
    ...instance.gaps.map(
      (gap) =>
        `  ${paint('magenta', 'unread'.padEnd(8))} ${printable(gap.probe)}: ${printable(gap.detail)} ${paint('dim', `[${printable(gap.reason)}]`)}`,
    ),
    ...(hidden > 0
      ? [
          paint(
            'dim',
            `  ${hidden} expected ${hidden === 1 ? 'difference' : 'differences'} not shown (--all shows them)`,
          ),
        ]
      : []),
    `  ${paint('bold', `${instance.recommendation.action}:`)} ${printable(instance.recommendation.reason)}`,
  ];
}
