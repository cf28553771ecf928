import { type Attributes, isLive } from '../../core/finding.ts';
import type { InstanceReport, ReportFinding } from '../../core/report.ts';
import { field, type Line, paragraph, type Style } from '../cells.ts';
import { shownFindings } from '../finding-rows.ts';
import { findingOf } from '../index-report.ts';
import { memo } from '../memo.ts';
import { severityStyle } from '../theme.ts';
import { textBody, type View } from './view.ts';

/** Lines of a diff that are drawn; the JSON report has all of them. */
const longestDiff = 2000;

const text = memo(findingText);

/** Everything that is known of one finding. */
export const findingView: View = {
  title: (state, screen) => {
    const { finding } = findingOf(screen.earlier ? state.before : state.report, screen.instance, screen.finding) ?? {};
    return finding ? `${finding.kind} ${finding.subject}` : 'finding';
  },
  head: () => [],
  body(state, screen, width) {
    const found = findingOf(screen.earlier ? state.before : state.report, screen.instance, screen.finding);
    return textBody(found ? text(found.instance, found.finding, width) : [[{ text: 'this report does not have it' }]]);
  },
  hints: (state, screen) => [
    ['esc', 'back'],
    ['?', 'help'],
    ...(shownFindings(state, screen).length > 1 ? ([['n/N', 'next, previous']] as const) : []),
    ['w', 'waive'],
    ['y', 'copy subject'],
    ['Y', 'copy command'],
    ['j/k', 'scroll'],
  ],
};

/** A finding in full: what, how grave, before and after, who, since when, where else, and what to do about it. */
export function findingText(instance: InstanceReport, finding: ReportFinding, width: number): Line[] {
  const { kind, change, subject, severity, disposition, reason, diff } = finding;
  const live = isLive(finding);
  return [
    [
      { text: live ? severity : disposition, style: live ? severityStyle[severity] : 'dim' },
      { text: `  ${kind} ${change}`, style: 'dim' },
      { text: live ? `  ${disposition}` : `  would be ${severity}`, style: 'dim' },
    ],
    ...paragraph(subject, width, 'bold'),
    [],
    ...paragraph(reason, width),
    ...(finding.tamper
      ? paragraph('Evidence of tampering: keep it before the instance is replaced.', width, 'critical')
      : []),
    ...(finding.imageFault
      ? paragraph('The image is at fault: a new instance would have the same.', width, 'medium')
      : []),
    [],
    ...attributeLines(finding.before, finding.after, width),
    ...(diff ? [...diffLines(diff, width), []] : []),
    ...factLines(instance, finding, width),
    [],
    [{ text: 'commands', style: 'accent' }],
    ...commandsFor(finding).flatMap((command) => paragraph(command, width)),
  ];
}

/** Commands about a finding; the first is what `Y` copies. Ids of findings are our own. */
export function commandsFor({ id, disposition }: Pick<ReportFinding, 'id' | 'disposition'>): string[] {
  return [
    `snowfence policy explain ${id}`,
    ...(disposition === 'waived' || disposition === 'expected'
      ? []
      : [`snowfence waiver add ${id} --owner NAME --reason TEXT --expires 14d`]),
  ];
}

function shown(value: Attributes[string]): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** Both sides, attribute by attribute; what differs stands in two rows marked - and +. */
function attributeLines(before: Attributes | undefined, after: Attributes | undefined, width: number): Line[] {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  if (keys.length === 0) return [];
  const lines = keys.flatMap((key): Line[] => {
    const [old, now] = [before?.[key], after?.[key]];
    const [was, is] = [old === undefined ? '' : shown(old), now === undefined ? '' : shown(now)];
    if (old !== undefined && now !== undefined && was === is) return field(key, `  ${was}`, width);
    return [
      ...(old === undefined ? [] : field(key, `- ${was}`, width, 'removed')),
      ...(now === undefined ? [] : field(old === undefined ? key : '', `+ ${is}`, width, 'added')),
    ];
  });
  const sides = before && after ? 'before and after' : before ? 'in the image, gone now' : 'not in the image';
  return [[{ text: sides, style: 'accent' }], ...lines, []];
}

function diffStyle(line: string): Style {
  if (/^(\+\+\+|---) /.test(line)) return 'bold';
  return line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : line.startsWith('@@') ? 'accent' : 'dim';
}

function diffLines(diff: string, width: number): Line[] {
  const all = diff.replace(/\n$/, '').split('\n');
  const lines = all
    .slice(0, longestDiff)
    .flatMap((line) => paragraph(line.replaceAll('\t', '    '), width, diffStyle(line)));
  const more = all.length - longestDiff;
  return more > 0 ? [...lines, [{ text: `... ${more} more lines`, style: 'dim' }]] : lines;
}

function factLines(instance: InstanceReport, finding: ReportFinding, width: number): Line[] {
  const { rule, ownedBy, agent, attribution = [], prevalence, firstSeenAt, explains, attack, controls } = finding;
  const facts: [string, string | undefined][] = [
    ['rule', rule],
    ...(finding.considered ?? []).map((one): [string, string] => ['considered', `${one.rule}: ${one.why}`]),
    ['owned by', ownedBy],
    ['stands for', explains > 0 ? `${explains} more ${explains === 1 ? 'difference' : 'differences'}` : ''],
    ['agent', agent],
    ...attribution.map(({ by, at, command, source }): [string, string] => [
      'who',
      `${[by, at, command].filter(Boolean).join(', ')} (the host's own word: ${source})`,
    ]),
    [
      'seen on',
      prevalence ? `${prevalence.seen} of ${prevalence.of} instances of ${instance.image.ref || 'its image'}` : '',
    ],
    ['first seen', firstSeenAt],
    ['ATT&CK', attack ? `${attack.id} ${attack.name} (${attack.tactic})` : ''],
    ['controls', controls.join(', ')],
    ['instance', instance.name],
    ['id', finding.id],
  ];
  return facts.flatMap(([label, value]) => (value ? field(label, value, width) : []));
}
