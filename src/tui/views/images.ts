import type { ImageReport, InstanceReport, Report } from '../../core/report.ts';
import { field, type Line, pad, paragraph } from '../cells.ts';
import { indexOf } from '../index-report.ts';
import { memo } from '../memo.ts';
import { textBody, type View } from './view.ts';

/** Names or rows of one list in the text of an image; the JSON report has all of them. */
const most = 500;

/** What the instances of each image share. */
export const imagesView: View = {
  title: () => 'images',
  head: (_, __, width) => [
    [
      {
        text: `${pad('image', nameCells(width))}${pad('instances', 11)}${pad('shared', 8)}${pad('clusters', 10)}${pad('apart', 7)}do`,
        style: 'dim',
      },
    ],
  ],
  body({ report }) {
    const images = report?.fleet ?? [];
    return {
      count: images.length,
      selectable: true,
      line: (row, width) => {
        const image = images[row];
        return image ? imageLine(image, width) : [];
      },
    };
  },
  preview({ report }, { cursor }, width) {
    const image = report?.fleet[cursor];
    return report && image ? text(image, report, width) : [];
  },
  hints: () => [
    ['enter', 'open'],
    ['tab', 'views'],
    ['y', 'copy'],
    ['?', 'help'],
    ['q', 'quit'],
  ],
};

const nameCells = (width: number) => Math.max(14, Math.min(44, width - 50));

function imageLine(
  { image, instances, consensus, clusters, outliers = [], recommendation }: ImageReport,
  width: number,
): Line {
  const action = recommendation?.action ?? '';
  return [
    { text: pad(image || 'unknown', nameCells(width)), style: 'bold' },
    { text: pad(String(instances), 11) },
    { text: pad(String(consensus.length), 8), style: consensus.length > 0 ? 'medium' : 'dim' },
    { text: pad(String(clusters.length), 10) },
    { text: pad(String(outliers.length), 7), style: outliers.length > 0 ? 'high' : 'dim' },
    { text: action, style: action === 'keep' ? 'dim' : 'bold' },
  ];
}

const text = memo(imageText);

/** One image: what its instances have in common, which drifted alike, who stands out, which versions run side by side. */
export const imageView: View = {
  title: ({ report }, { at = 0 }) => report?.fleet[at]?.image || 'image',
  head: () => [],
  body({ report }, { at = 0 }, width) {
    const image = report?.fleet[at];
    return textBody(report && image ? text(image, report, width) : []);
  },
  hints: () => [
    ['esc', 'back'],
    ['j/k', 'scroll'],
    ['y', 'copy'],
    ['?', 'help'],
  ],
};

/** Everything that a report says of an image. */
export function imageText(image: ImageReport, report: Report, width: number): Line[] {
  const { byId } = indexOf(report);
  const name = (id: string) => byId.get(id)?.name ?? id;
  const { recommendation, consensus, clusters, snowflakes, outliers = [], skew = [] } = image;
  const lines: Line[] = [
    [
      { text: image.image || 'image unknown', style: 'bold' },
      { text: `  ${image.instances} instances`, style: 'dim' },
    ],
    ...(recommendation
      ? [
          [],
          ...paragraph(
            `${recommendation.action}: ${recommendation.reason} (confidence ${recommendation.confidence})`,
            width,
            'bold',
          ),
        ]
      : []),
    ...section(`most of them share (${consensus.length})`, consensus, ({ kind, change, subject, seen, of }) => [
      [
        { text: `${seen} of ${of}  `, style: 'medium' },
        { text: `${kind} ${change} `, style: 'dim' },
        { text: subject },
      ],
    ]),
    ...section(`drifted alike (${clusters.length})`, clusters, ({ findings, instances }) =>
      field(`${instances.length} with ${findings}`, names(instances, name), width),
    ),
    ...section(`stand out (${outliers.length})`, outliers, ({ instance, own, missing, distance }) => [
      [
        { text: name(instance), style: 'bold' },
        { text: `  ${own} of its own, lacks ${missing}, distance ${distance.toFixed(2)}` },
      ],
    ]),
    ...section(`versions side by side (${skew.length})`, skew, ({ package: of, versions }) =>
      field(
        of,
        versions
          .map((v) => `${v.version} on ${v.instances}${v.since ? ` since ${v.since.slice(0, 10)}` : ''}`)
          .join(', '),
        width,
      ),
    ),
    ...(snowflakes.length > 0 ? [[], ...field('snowflakes', names(snowflakes, name), width, 'critical')] : []),
  ];
  return lines;
}

function names(ids: readonly InstanceReport['id'][], name: (id: string) => string): string {
  const more = ids.length - 50;
  return `${ids.slice(0, 50).map(name).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function section<T>(title: string, list: readonly T[], lines: (one: T) => Line[]): Line[] {
  if (list.length === 0) return [];
  const more = list.length - most;
  return [
    [],
    [{ text: title, style: 'accent' }],
    ...list.slice(0, most).flatMap(lines),
    ...(more > 0 ? [[{ text: `and ${more} more`, style: 'dim' as const }]] : []),
  ];
}
