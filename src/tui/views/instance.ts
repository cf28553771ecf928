import { isLive } from '../../core/finding.ts';
import type { Coverage, InstanceReport, ReportFinding } from '../../core/report.ts';
import { field, type Line, paragraph, type Span } from '../cells.ts';
import { type InstanceRow, instanceOf, instanceRows } from '../finding-rows.ts';
import { worstFirst } from '../index-report.ts';
import type { State } from '../state.ts';
import { severityStyle, verdictStyle } from '../theme.ts';
import { findingText } from './finding.ts';
import type { View } from './view.ts';

const signs: Record<ReportFinding['change'], string> = { added: '+', removed: '-', changed: '~', violates: '!' };

/** One instance: findings by kind, gaps, and what is known of it. */
export const instanceView: View = {
  title: (state, screen) => instanceOf(state, screen)?.name ?? screen.instance ?? '',
  head(state, screen, width) {
    const instance = instanceOf(state, screen);
    if (!instance) return [[{ text: 'this report does not have it', style: 'dim' }]];
    const { action, reason, confidence } = instance.recommendation;
    const advice = paragraph(`${action}: ${reason} (confidence ${confidence})`, width, 'bold');
    return [
      verdictLine(instance),
      ...advice.slice(0, state.size.rows < 24 ? 1 : 2),
      [{ text: coverageText(instance.coverage), style: 'dim' }],
      severityToggles(state, instance),
    ];
  },
  body(state, screen) {
    const rows = instanceRows(state, screen);
    return { count: rows.length, selectable: true, first: 1, line: (row) => rowLine(rows[row]) };
  },
  preview(state, screen, width) {
    const row = instanceRows(state, screen)[screen.cursor];
    const instance = instanceOf(state, screen);
    if (!instance || !row) return [];
    if (row.type === 'finding') return findingText(instance, row.finding, width);
    if (row.type === 'gap') return gapText(row.gap, width);
    if (row.type === 'fact') return field(row.label, row.value, width);
    return instanceSummary(instance, width);
  },
  hints: ({ prefs }) => [
    ['enter', 'open'],
    ['esc', 'back'],
    ['?', 'help'],
    ['/', 'filter'],
    ['s', `sort: ${prefs.findingSort}`],
    ['1-5', 'severities'],
    ['x', prefs.all ? 'live only' : 'show expected'],
    ['w', 'waive'],
    ['y', 'copy'],
  ],
};

function verdictLine({ verdict, flags, score, image, os, identity }: InstanceReport): Line {
  const more = flags.filter((flag) => flag !== verdict);
  return [
    { text: verdict, style: verdictStyle[verdict] },
    ...(more.length > 0 ? [{ text: ` (also ${more.join(', ')})`, style: 'dim' as const }] : []),
    { text: `  risk ${Math.round(score)}` },
    { text: `  ${image.ref ? `image ${image.ref}` : 'image unknown'}`, style: 'accent' },
    { text: `${os ? `  ${os}` : ''}${identity ? `  ${identity}` : ''}`, style: 'dim' },
  ];
}

/** What a verdict rests on. */
export function coverageText({ depth, files, filesSeen, filesHashed, bytesHashed, oldestHashAt }: Coverage): string {
  if (depth === undefined && filesSeen === 0) return 'nothing was read';
  const share = Number.isFinite(files) ? `${(Math.floor(files * 1000) / 10).toFixed(1)} %` : 'unknown';
  const oldest = oldestHashAt === undefined ? '' : `, oldest hash ${oldestHashAt.slice(0, 16)}Z`;
  return `${depth ?? 'full'}: ${filesHashed} of ${filesSeen} files hashed (${share}), ${(bytesHashed / 1e6).toFixed(0)} MB${oldest}`;
}

/** How many there are of each severity; those that are hidden stand in brackets. */
export function severityToggles({ prefs }: State, { findings }: Pick<InstanceReport, 'findings'>): Line {
  const shown = findings.filter((one) => prefs.all || isLive(one));
  const spans = worstFirst.flatMap((severity, i): Span[] => {
    const count = shown.filter((one) => one.severity === severity).length;
    const text = `${i + 1} ${severity} ${count}`;
    if (prefs.hiddenSeverities.has(severity)) return [{ text: `(${text})  `, style: 'dim' }];
    return count === 0 ? [] : [{ text: `${text}  `, style: severityStyle[severity] }];
  });
  const rest = findings.length - findings.filter(isLive).length;
  return [
    ...spans,
    { text: rest > 0 ? `x ${prefs.all ? 'with' : 'without'} ${rest} expected or waived` : '', style: 'dim' },
  ];
}

function rowLine(row: InstanceRow | undefined): Line {
  if (!row) return [];
  if (row.type === 'head') return [{ text: row.text, style: 'accent' }];
  if (row.type === 'fact') return [{ text: `  ${row.label.padEnd(13)}`, style: 'dim' }, { text: row.value }];
  if (row.type === 'finding') return [{ text: '  ' }, ...findingLine(row.finding)];
  const { probe, reason, detail } = row.gap;
  return [{ text: `  ${probe}: `, style: 'unread' }, { text: detail }, { text: ` [${reason}]`, style: 'dim' }];
}

/** A finding in one row. */
export function findingLine(finding: ReportFinding): Line {
  const live = isLive(finding);
  const { kind, change, subject, before, after, explains, prevalence, ownedBy } = finding;
  const [old, now] = [before?.['version'] ?? before?.['value'], after?.['version'] ?? after?.['value']];
  const short = (value: unknown) => typeof value !== 'object' && value !== undefined && String(value).length <= 40;
  const values = short(old) && short(now) ? ` ${String(old)} -> ${String(now)}` : '';
  const notes = [
    ...(explains > 0 ? [`and ${explains} more`] : []),
    ...(ownedBy ? [`of ${ownedBy}`] : []),
    ...(prevalence && prevalence.of > 1 ? [`${prevalence.seen} of ${prevalence.of}`] : []),
  ];
  return [
    {
      text: (live ? finding.severity : finding.disposition).padEnd(9),
      style: live ? severityStyle[finding.severity] : 'dim',
    },
    { text: `${signs[change]} ` },
    { text: `${kind} `, style: 'dim' },
    { text: subject, style: live ? 'bold' : 'dim' },
    { text: values },
    { text: notes.length > 0 ? `  (${notes.join(', ')})` : '', style: 'dim' },
  ];
}

/** An instance beside the list that it stands in. */
export function instanceSummary(instance: InstanceReport, width: number): Line[] {
  const { name, recommendation, findings, gaps, coverage } = instance;
  const live = findings.filter(isLive);
  const worst = [...live].sort((a, b) => worstFirst.indexOf(a.severity) - worstFirst.indexOf(b.severity));
  return [
    [{ text: name, style: 'bold' }],
    verdictLine(instance),
    [],
    ...paragraph(`${recommendation.action}: ${recommendation.reason}`, width, 'bold'),
    ...paragraph(coverageText(coverage), width, 'dim'),
    [],
    ...(live.length === 0
      ? [[{ text: 'no live findings', style: 'good' } as const]]
      : worst.slice(0, 200).map(findingLine)),
    ...(gaps.length > 0 ? [[], [{ text: `not read (${gaps.length})`, style: 'unread' } as const]] : []),
    ...gaps.slice(0, 50).flatMap((gap) => paragraph(`${gap.probe}: ${gap.detail} [${gap.reason}]`, width)),
  ];
}

/** A gap in full. */
export function gapText({ probe, reason, detail }: InstanceReport['gaps'][number], width: number): Line[] {
  return [
    [{ text: `not read: ${probe}`, style: 'unread' }],
    [],
    ...field('why', reason, width),
    ...field('detail', detail, width),
    [],
    ...paragraph(
      'What could not be read is unknown: neither absent nor equal. "snowfence doctor" says what an account may read.',
      width,
      'dim',
    ),
  ];
}
