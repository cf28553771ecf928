import { printable } from '../../core/bytes.ts';
import { type Attributes, isLive, severities } from '../../core/finding.ts';
import type { InstanceReport, ReportFinding } from '../../core/report.ts';
import { cut, printableLines } from '../text.ts';

/** Findings in the whole file, about: what a browser opens in a moment. */
const mostFindings = 30_000;

/** Lines of a diff, and characters of a line. */
const mostLines = 200;
const longest = 1000;

/** How many findings of each instance stand in the file: all where there are few instances, the worst three where many. */
export function findingsEach(instances: number): number {
  return Math.max(3, Math.min(1000, Math.floor(mostFindings / Math.max(1, instances))));
}

/** JSON that is safe within an element: nothing in it ends the element or begins a comment. All text is printable. */
export function json(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? printable(part) : part));
  return text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** An instance as the script of the page knows it. */
export function dataOf(one: InstanceReport, all: boolean, most: number): object {
  const findings = one.findings.filter((finding) => all || isLive(finding));
  const counts = [...severities]
    .reverse()
    .map((severity) => one.findings.filter((f) => isLive(f) && f.severity === severity).length);
  const { name, uri, group, os, verdict, score, recommendation, gaps, launchedAt, identity, coverage } = one;
  return {
    name: cut(name, longest),
    ...{ uri: cut(uri, longest), group, os, verdict, score, launchedAt, identity },
    image: cut(one.image.ref, longest),
    action: recommendation.action,
    reason: recommendation.reason,
    confidence: recommendation.confidence,
    labels: Object.entries(one.labels)
      .slice(0, 20)
      .map(([key, value]) => cut(`${key}=${value}`, 200)),
    hashed: [coverage.filesHashed, coverage.filesSeen].filter((n) => n !== undefined),
    counts,
    gaps: gaps.slice(0, 50).map(({ probe, reason, detail }) => [probe, reason, cut(detail, longest)]),
    more: Math.max(0, findings.length - most),
    findings: findings.slice(0, most).map(findingOf),
  };
}

function findingOf(finding: ReportFinding): object {
  const { id, kind, change, subject, severity, disposition, rule, reason, before, after, diff } = finding;
  const { ownedBy, explains, tamper, prevalence, firstSeenAt, controls, attack, attribution } = finding;
  return {
    ...{ id, kind, change, subject, severity, rule, ownedBy, explains, prevalence, firstSeenAt, controls },
    // Only where it says something.
    ...(isLive(finding) ? {} : { disposition }),
    ...(tamper ? { tamper } : {}),
    reason: cut(reason, longest),
    ...(before ? { before: pairs(before) } : {}),
    ...(after ? { after: pairs(after) } : {}),
    ...(diff
      ? {
          diff: printableLines(diff)
            .slice(0, mostLines)
            .map((line) => cut(line, longest)),
        }
      : {}),
    ...(attack ? { attack: `${attack.id} ${attack.name}` } : {}),
    ...(attribution?.[0] ? { by: attribution[0] } : {}),
  };
}

function pairs(attributes: Attributes): [string, string][] {
  return Object.entries(attributes)
    .slice(0, 30)
    .map(([key, value]) => [key, cut(Array.isArray(value) ? value.join(', ') : String(value), 300)]);
}
