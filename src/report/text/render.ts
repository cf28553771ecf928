import { printable } from '../../core/bytes.ts';
import { isLive, severities, verdicts } from '../../core/finding.ts';
import type { InstanceReport, Report, ReportFinding } from '../../core/report.ts';
import type { Renderer } from '../renderer.ts';
import { type Alike, alike } from './alike.ts';
import { attributionLine } from './attribution.ts';
import { names, nextSteps } from './next.ts';
import { type Paint, painter, severityStyle, verdictStyle } from './style.ts';

/** For people: worst instances first, findings worst first, then what to do. */
export const text: Renderer = {
  format: 'text',
  render(report, { color, all }) {
    const paint = painter(color);
    const sorted = [...report.instances].sort(
      (a, b) =>
        b.score - a.score || verdicts.indexOf(a.verdict) - verdicts.indexOf(b.verdict) || (a.name < b.name ? -1 : 1),
    );
    const clean = sorted.filter((i) => i.verdict === 'clean' && (!all || i.findings.length === 0));
    const rest = sorted.filter((i) => !clean.includes(i));
    // With --all everything of everybody is told.
    const groups = all ? rest.map((one) => ({ instances: [one], first: one, shared: [] })) : alike(rest, report);
    const lines = [
      ...sharedLines(groups, report, paint),
      ...groups.flatMap((group) => [...groupLines(group, paint, all), '']),
    ];
    if (clean.length > 0) {
      const files = clean.reduce((sum, i) => sum + i.coverage.filesHashed, 0);
      lines.push(
        `${paint(verdictStyle.clean, 'clean')}  ${names(clean)} ${paint('dim', `(${hashes(clean, files)})`)}`,
        '',
      );
    }
    return `${[...lines, ...nextSteps(report, paint), ...summary(report, paint)].join('\n')}\n`;
  },
};

/** How many files the word "clean" rests on, and how old the oldest of their hashes is. */
function hashes(clean: InstanceReport[], files: number): string {
  const now = clean.reduce((sum, { coverage }) => sum + (coverage.filesHashedNow ?? coverage.filesHashed), 0);
  if (now >= files) return `${files} files hashed, all as in the image`;
  const oldest = clean
    .map(({ coverage }) => coverage.oldestHashAt ?? '')
    .reduce((a, b) => (b !== '' && b < a ? b : a), '9');
  return `${files} files as in the image: ${now} hashed now, the others untouched since they were, the first at ${oldest.slice(0, 16)}Z`;
}

/** What most instances of an image share, once an image. */
function sharedLines(groups: readonly Alike[], { fleet }: Report, paint: Paint): string[] {
  return fleet.flatMap(({ image, instances, consensus }) => {
    const findings = new Map(
      groups
        .filter(({ first }) => first.image.ref === image)
        .flatMap(({ shared, first }) =>
          shared.map((finding) => [`${finding.kind} ${finding.change} ${finding.subject}`, { finding, first }]),
        ),
    );
    if (consensus.length === 0 || findings.size === 0) return [];
    const head = `${paint('bold', `image ${printable(image)}`)}  most of its ${instances} instances share this`;
    return [head, ...[...findings.values()].flatMap(({ finding, first }) => findingLines(finding, paint, first)), ''];
  });
}

function groupLines({ instances, first: instance, shared }: Alike, paint: Paint, all: boolean): string[] {
  const shown = instance.findings.filter((f) => all || isLive(f));
  const findings = shown.filter((f) => !shared.includes(f));
  const hidden = instance.findings.length - shown.length;
  const who = instances.length === 1 ? printable(instance.name) : `${names(instances)} (${instances.length} alike)`;
  const image = instance.image.ref ? `image ${printable(instance.image.ref)}` : 'image unknown';
  const head = `${paint('bold', who)}  ${paint(verdictStyle[instance.verdict], instance.verdict)}  score ${instance.score}  ${paint('dim', `${image}${instance.os ? `, ${printable(instance.os)}` : ''}`)}`;
  return [
    head,
    ...findings.flatMap((f) => findingLines(f, paint, instances.length > 1 ? instance : undefined)),
    ...(shared.length > 0
      ? [
          paint(
            'dim',
            `  ${findings.length > 0 ? 'and ' : ''}${shared.length} that most of its siblings share, told with the image`,
          ),
        ]
      : []),
    ...instance.gaps.map(
      (gap) =>
        `  ${paint('magenta', 'unread'.padEnd(8))} ${gap.probe}: ${printable(gap.detail)} ${paint('dim', `[${gap.reason}]`)}`,
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

const signs: Record<ReportFinding['change'], string> = { added: '+', removed: '-', changed: '~', violates: '!' };

/** `of` is the instance whose finding stands for several. */
function findingLines(finding: ReportFinding, paint: Paint, of?: InstanceReport): string[] {
  const mark = isLive(finding) ? finding.severity : finding.disposition;
  const style = isLive(finding) ? severityStyle[finding.severity] : 'dim';
  const notes = [
    ...(finding.explains > 0
      ? [`and ${finding.explains} more ${finding.explains === 1 ? 'difference' : 'differences'}`]
      : []),
    ...(finding.prevalence && finding.prevalence.of > 1
      ? [`${finding.prevalence.seen} of ${finding.prevalence.of} instances`]
      : []),
  ];
  const tail = notes.length > 0 ? paint('dim', ` (${notes.join(', ')})`) : '';
  const values = finding.kind === 'package' ? versionChange(finding) : valueChange(finding);
  return [
    `  ${paint(style, mark.padEnd(8))} ${signs[finding.change]} ${finding.kind} ${paint('bold', finding.subject)}${values}${tail}`,
    `           ${paint('dim', printable(finding.reason))}`,
    ...(finding.diff ? diffLines(finding.diff, paint) : []),
    ...attributionLine(finding, of?.name).map((line) => `           ${paint('dim', line)}`),
  ];
}

function versionChange({ before, after }: ReportFinding): string {
  const old = before?.['version'];
  const now = after?.['version'];
  return old && now
    ? ` ${printable(String(old))} -> ${printable(String(now))}`
    : (now ?? old ?? '') === ''
      ? ''
      : ` ${printable(String(now ?? old))}`;
}

/** What a setting was and is, where that is a short text that says something. */
function valueChange({ before, after }: ReportFinding): string {
  const text = (value: unknown) => (typeof value === 'string' && !/^[0-9a-f]{64}$/.test(value) ? value : undefined);
  const [old, now] = [text(before?.['value']), text(after?.['value'])];
  if ((old ?? now ?? '') === '' || (old ?? '').length + (now ?? '').length > 100) return '';
  if (before && after) return old !== undefined && now !== undefined ? ` ${printable(old)} -> ${printable(now)}` : '';
  return `: ${printable(old ?? now ?? '')}`;
}

/** Lines of a diff that a terminal gets; the JSON report has all of them. */
const maxDiff = 16;

function diffLines(diff: string, paint: Paint): string[] {
  const lines = diff.split('\n').filter((line) => line !== '' && !/^(---|\+\+\+) /.test(line));
  const shown = lines.slice(0, maxDiff).map((line) => {
    const style = line.startsWith('+') ? 'green' : line.startsWith('-') ? 'red' : 'dim';
    return `             ${paint(style, line.replaceAll('\t', '    '))}`;
  });
  return lines.length > maxDiff
    ? [...shown, paint('dim', `             ... ${lines.length - maxDiff} more lines`)]
    : shown;
}

function summary(report: Report, paint: Paint): string[] {
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
    ...(report.instances.some((one) => one.coverage.socketsJudged === false)
      ? [
          paint(
            'dim',
            'listening sockets were not judged: no allow rule lists any, and the manifest is of no running instance',
          ),
        ]
      : []),
    ...waiverLine(report, paint),
    paint('dim', `scan ${report.scan.id} took ${seconds.toFixed(1)} s, depth ${report.scan.depth}`),
  ];
}

/** Waivers in a line: how many there are of each standing, and the names of those that want somebody's attention. */
function waiverLine({ waivers = [] }: Report, paint: Paint): string[] {
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
