import { printable } from '../../core/bytes.ts';
import { isLive } from '../../core/finding.ts';
import type { InstanceReport, ReportFinding } from '../../core/report.ts';
import { titleOf } from '../text.ts';
import { level, type Rules, securitySeverity } from './rules.ts';

/** A finding as a result (SARIF 3.27). */
export function resultOf(instance: InstanceReport, finding: ReportFinding, rules: Rules): object {
  const { rule, severity, disposition, reason, id } = finding;
  const told = isLive(finding) || disposition === 'waived';
  return {
    ruleId: printable(rule),
    ruleIndex: rules.indexOf.get(rule) ?? -1,
    // What is expected is no failure: its kind says so, and the format wants the level none with it.
    kind: told ? 'fail' : 'informational',
    level: told ? level[severity] : 'none',
    message: { text: `${printable(instance.name)}: ${titleOf(finding)}: ${printable(reason)}` },
    locations: [locationOf(instance, finding)],
    fingerprints: { 'snowfenceFinding/v1': printable(id) },
    // The name under which GitHub looks for it; without it, it would make one of a line that is not there.
    partialFingerprints: { primaryLocationLineHash: printable(id), 'snowfenceFinding/v1': printable(id) },
    ...(disposition === 'waived'
      ? { suppressions: [{ kind: 'external', status: 'accepted', justification: printable(reason) }] }
      : {}),
    properties: propertiesOf(instance, finding),
  };
}

function propertiesOf(instance: InstanceReport, finding: ReportFinding): object {
  const { severity, disposition, tamper, explains, before, after, firstSeenAt, prevalence, controls } = finding;
  const { id, uri, image, group, verdict, recommendation } = instance;
  const { ownedBy, attack, attribution, subjectBase64, change, kind } = finding;
  return {
    ...{ 'security-severity': securitySeverity[severity], severity, disposition, kind, change, tamper, explains },
    instance: { id: printable(id), uri: printable(uri), group: printable(group), image, verdict, recommendation },
    ...{ before, after, firstSeenAt, prevalence, controls, ownedBy, attack, attribution, subjectBase64 },
  };
}

/**
 * Files stand as `INSTANCE/path`, relative, because viewers want a path in a tree; whatever else is found stands at the
 * instance itself. The logical location says in words what it is.
 */
function locationOf({ name }: InstanceReport, finding: ReportFinding): object {
  const { kind, subject, subjectBase64, diff } = finding;
  const isFile = kind === 'file' && subject.startsWith('/');
  const path = subjectBase64 === undefined ? Buffer.from(subject) : Buffer.from(subjectBase64, 'base64');
  const line = isFile ? firstLine(diff) : undefined;
  return {
    physicalLocation: {
      artifactLocation: { uri: `${segment(Buffer.from(name))}${isFile ? encodePath(path) : ''}` },
      ...(line === undefined ? {} : { region: { startLine: line } }),
    },
    logicalLocations: [
      {
        name: printable(subject),
        fullyQualifiedName: `${printable(name)}/${kind}/${printable(subject)}`,
        kind: 'resource',
      },
    ],
  };
}

/** The line of the instance's file at which a unified diff begins; a file that became empty has none. */
function firstLine(diff: string | undefined): number | undefined {
  const line = Number(/^@@ -\d+(?:,\d+)? \+(\d{1,9})/m.exec(diff ?? '')?.[1] ?? 0);
  return line > 0 ? line : undefined;
}

function encodePath(path: Buffer): string {
  const parts: string[] = [];
  for (let from = path[0] === 0x2f ? 1 : 0; from <= path.length; ) {
    const slash = path.indexOf(0x2f, from);
    const to = slash < 0 ? path.length : slash;
    parts.push(segment(path.subarray(from, to)));
    from = to + 1;
  }
  return `/${parts.join('/')}`;
}

/** One segment of a URI path (RFC 3986, 3.3), byte for byte; `.` and `..` would mean something. */
function segment(bytes: Buffer): string {
  const text = bytes
    .toString('latin1')
    .replace(/[^A-Za-z0-9._~-]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return /^\.{1,2}$/.test(text) ? text.replaceAll('.', '%2E') : text || '%00';
}
