import { verdicts } from '../../core/finding.ts';
import type { Line, Span } from '../cells.ts';
import { pad } from '../cells.ts';
import { entriesOf, type FleetRow, fleetRows } from '../fleet-rows.ts';
import { type FleetEntry, worstFirst } from '../index-report.ts';
import type { Screen, State } from '../state.ts';
import { severityStyle, verdictStyle } from '../theme.ts';
import { imageText } from './images.ts';
import { instanceSummary } from './instance.ts';
import { spark } from './spark.ts';
import type { View } from './view.ts';

/** The instances, grouped by image and group. */
export const fleetView: View = {
  title: (state) => (state.live ? 'scan' : 'fleet'),
  head: (state, screen, width) => [toggles(state), ...(width >= 60 ? [columns(state, screen, width)] : [])],
  body(state, screen) {
    const rows = fleetRows(state, screen);
    return {
      count: rows.length,
      selectable: true,
      first: rows[0]?.entry ? 0 : 1,
      line: (row, width) => {
        const one = rows[row];
        return one === undefined ? [] : one.entry ? entryLine(one.entry, state, width) : headLine(one, state);
      },
    };
  },
  preview(state, screen, width) {
    const row = fleetRows(state, screen)[screen.cursor];
    if (row?.entry?.instance) return instanceSummary(row.entry.instance, width);
    if (row?.entry?.phase) return [[{ text: row.entry.name, style: 'bold' }], [{ text: phaseText(row.entry) }]];
    const image = row?.entry ? undefined : state.report?.fleet.find(({ image: ref }) => ref === row?.image);
    return image && state.report ? imageText(image, state.report, width) : [];
  },
  hints: (state) => [
    ['enter', 'open'],
    ['?', 'help'],
    ['q', 'quit'],
    ['/', 'filter'],
    ['s', `sort: ${state.prefs.sort}`],
    ['b', `by: ${state.prefs.grouping}`],
    ['1-7', 'verdicts'],
    ['space', 'mark'],
    ['tab', 'views'],
    ['e', 'export'],
  ],
};

/** How many there are of each verdict; those that are hidden stand in brackets. */
function toggles({ live, report, prefs }: State): Line {
  if (live) {
    const { done, instances, bytes } = live;
    return [{ text: `${done} of ${instances.length} read, ${(bytes / 1e6).toFixed(1)} MB received` }];
  }
  const counts = report?.summary.instances;
  const spans = verdicts.flatMap((verdict, i): Span[] => {
    if (!counts?.[verdict]) return [];
    const text = `${i + 1} ${verdict} ${counts[verdict]}`;
    return prefs.hiddenVerdicts.has(verdict)
      ? [{ text: `(${text})  `, style: 'dim' }]
      : [{ text: `${text}  `, style: verdictStyle[verdict] }];
  });
  return spans.length > 0 ? spans : [{ text: 'no instances', style: 'dim' }];
}

interface Layout {
  name: number;
  spark: number;
  gaps: number;
  group: number;
}

/** Columns that there is room for. Cells: mark 2, name, verdict 14, score 4, findings 17, action 11. */
function layout({ prefs }: State, width: number): Layout {
  const spark = width >= 104 ? 16 : width >= 72 ? 8 : 0;
  const gaps = width >= 66 ? 5 : 0;
  const group = width >= 100 && prefs.grouping === 'none' ? 14 : 0;
  const rest = width - (2 + 14 + 4 + 17 + 11) - spark - gaps - group;
  return { name: Math.max(10, Math.min(40, rest)), spark, gaps, group };
}

function columns(state: State, screen: Screen, width: number): Line {
  const { name, spark: sparks, gaps, group } = layout(state, width);
  const shown = fleetRows(state, screen).filter(({ entry }) => entry).length;
  const total = entriesOf(state.live, state.report).length;
  const of = shown === total ? `${total} instances` : `${shown} of ${total}`;
  const cells = [
    pad(`  ${of}`, 2 + name),
    ...(group > 0 ? [pad('group', group)] : []),
    pad('verdict', 14),
    pad('risk', 4),
    pad(' findings', 17),
    ...(gaps > 0 ? [pad('gaps', gaps)] : []),
    ...(sparks > 0 ? [pad('history', sparks)] : []),
    'do',
  ];
  return [{ text: cells.join(''), style: 'dim' }];
}

function headLine(row: Extract<FleetRow, { head: string }>, state: State): Line {
  const image = state.report?.fleet.find(({ image }) => image === row.image);
  const action = image?.recommendation?.action;
  return [
    { text: row.head, style: 'accent' },
    { text: `  ${row.entries.length}`, style: 'dim' },
    ...(action === undefined || action === 'keep' ? [] : [{ text: `  ${action} the image`, style: 'medium' as const }]),
  ];
}

function entryLine(entry: FleetEntry, state: State, width: number): Line {
  const { name, group, gaps, spark: sparks } = layout(state, width);
  const first: Span[] = [
    { text: state.marks.has(entry.id) ? '* ' : '  ', style: 'accent' },
    { text: pad(entry.name, name - 1), style: entry.live > 0 ? 'bold' : 'plain' },
    { text: ' ' },
    ...(group > 0 ? [{ text: pad(entry.group, group), style: 'dim' as const }] : []),
  ];
  const { instance } = entry;
  if (!instance) return [...first, { text: phaseText(entry), style: entry.gaps > 0 ? 'unread' : 'dim' }];
  const { verdict, recommendation } = instance;
  const bad = recommendation.action !== 'keep';
  return [
    ...first,
    { text: pad(verdict, 14), style: verdictStyle[verdict] },
    { text: String(Math.round(entry.score)).padStart(3).padEnd(5), style: entry.score >= 50 ? 'high' : 'plain' },
    ...countSpans(entry, 16),
    ...(gaps > 0 ? [{ text: pad(entry.gaps > 0 ? `${entry.gaps}` : '', gaps), style: 'unread' as const }] : []),
    ...(sparks > 0 ? [{ text: pad(spark(state.history(entry.id), sparks - 2), sparks), style: 'dim' as const }] : []),
    { text: recommendation.action, style: bad ? 'bold' : 'dim' },
  ];
}

/** `C1 H2 M3 L4`, in so many cells. */
function countSpans({ counts }: FleetEntry, cells: number): Span[] {
  const spans = worstFirst
    .filter((severity) => counts[severity] > 0)
    .map(
      (severity): Span => ({
        text: `${severity.slice(0, 1).toUpperCase()}${counts[severity]} `,
        style: severityStyle[severity],
      }),
    );
  const shown: Span[] = [];
  let used = 0;
  for (const span of spans) {
    if (used + span.text.length > cells) break;
    shown.push(span);
    used += span.text.length;
  }
  return [...shown, { text: ' '.repeat(cells - used) }];
}

function phaseText({ phase }: FleetEntry): string {
  if (!phase || phase.state === 'waiting') return 'waiting';
  if (phase.state === 'connecting') return 'connecting';
  const bytes = `${(phase.bytes / 1e6).toFixed(1)} MB`;
  if (phase.state === 'reading') return `reading, ${bytes}`;
  const gaps = phase.gaps === 0 ? '' : `, ${phase.gaps} not read`;
  return `read: ${phase.files} files hashed${gaps}; judged when all are read`;
}
