import { printable } from '../../core/bytes.ts';
import { type FindingKind, isLive, type Severity } from '../../core/finding.ts';
import type { ReportFinding } from '../../core/report.ts';
import { versionsOf } from '../text.ts';

/** `event.category` by kind; the values that the schema allows. */
const categories: Record<FindingKind, string> = {
  package: 'package',
  file: 'file',
  process: 'process',
  socket: 'network',
  account: 'iam',
  key: 'iam',
  service: 'configuration',
  job: 'configuration',
  module: 'driver',
  setting: 'configuration',
  mount: 'host',
  instance: 'host',
};

/** `event.type` by change; the values that each of these categories allows. */
const types: Record<ReportFinding['change'], string> = {
  added: 'creation',
  removed: 'deletion',
  changed: 'change',
  violates: 'info',
};

/** The same for categories that have other words. */
function typeOf({ kind, change }: ReportFinding): string {
  if (kind === 'package')
    return { added: 'installation', removed: 'deletion', changed: 'change', violates: 'info' }[change];
  if (kind === 'process' && change !== 'violates') return change === 'removed' ? 'end' : 'start';
  if (kind === 'socket') return { added: 'start', removed: 'end', changed: 'info', violates: 'info' }[change];
  if (kind === 'module' && change !== 'violates') return change === 'removed' ? 'end' : 'start';
  if (categories[kind] === 'host' && change !== 'changed') return 'info';
  return types[change];
}

/** The schema leaves the numbers to the source; these are the risk scores that Elastic's own rules have by severity. */
const severities: Record<Severity, number> = { critical: 99, high: 73, medium: 47, low: 21, info: 1 };

/** The event fields of a finding. */
export function eventOf(finding: ReportFinding): object {
  return {
    kind: isLive(finding) ? 'alert' : 'event',
    category: [categories[finding.kind]],
    type: [typeOf(finding)],
    action: `${finding.kind}-${finding.change}`,
    id: printable(finding.id),
    severity: severities[finding.severity],
    reason: printable(finding.reason),
  };
}

/** The field sets that name what was found. */
export function subjectOf(finding: ReportFinding): object {
  const { kind, before, after } = finding;
  const subject = printable(finding.subject);
  const text = (key: string) => {
    const value = after?.[key] ?? before?.[key];
    return typeof value === 'string' && value !== '' ? printable(value) : undefined;
  };
  if (kind === 'file' && subject.startsWith('/')) return { file: fileOf(subject, text) };
  if (kind === 'package') {
    const { before: old, after: now } = versionsOf(finding);
    const version = now ?? old;
    return { package: { name: subject, ...(version ? { version } : {}) } };
  }
  return {};
}

function fileOf(path: string, text: (key: string) => string | undefined): object {
  const slash = path.lastIndexOf('/');
  const sha256 = /^[0-9a-f]{64}$/.exec(text('sha256') ?? '')?.[0];
  const [mode, owner] = [text('mode'), text('owner')];
  return {
    path,
    name: path.slice(slash + 1),
    directory: path.slice(0, slash) || '/',
    ...(mode ? { mode } : {}),
    ...(owner ? { owner } : {}),
    ...(sha256 ? { hash: { sha256 } } : {}),
  };
}
