import { isLive } from '../../core/finding.ts';
import type { InstanceReport, ReportFinding } from '../../core/report.ts';
import type { Renderer } from '../renderer.ts';
import { imageOf, titleOf } from '../text.ts';
import { escaped, escapedLines } from '../xml.ts';

/**
 * JUnit's XML as CI systems read it (no standard; the elements that Jenkins, GitLab and GitHub's reporters share): an
 * instance is a test suite, a live finding a failure, what could not be read an error, a waived finding a skipped test.
 */
export const junit: Renderer = {
  format: 'junit',
  *render(report, { all }) {
    const total = { tests: 0, failures: 0, errors: 0, skipped: 0 };
    for (const one of report.instances) {
      const counts = countsOf(one, all);
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
    }
    const { startedAt, finishedAt } = report.scan;
    const seconds = ((Date.parse(finishedAt) || 0) - (Date.parse(startedAt) || 0)) / 1000;
    yield `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="snowfence"${attributes(total)} time="${seconds.toFixed(3)}" timestamp="${utc(startedAt)}">\n`;
    for (const one of report.instances) yield* suite(one, all, startedAt);
    yield '</testsuites>\n';
  },
};

const attributes = (counts: object) =>
  Object.entries(counts)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join('');

/** Its readers know no zone: UTC without saying so. */
const utc = (time: string) => escaped(time.slice(0, 19));

/** Does it have no manifest, or was it not reached, and does no gap say so? */
const notJudged = ({ verdict, gaps }: InstanceReport) =>
  (verdict === 'unknown-image' || verdict === 'unreachable') && gaps.length === 0;

const shown = ({ findings }: InstanceReport, all: boolean) =>
  findings.filter((f) => isLive(f) || f.disposition === 'waived' || all);

function countsOf(one: InstanceReport, all: boolean) {
  const findings = shown(one, all);
  const failures = findings.filter(isLive).length;
  const skipped = findings.filter((f) => f.disposition === 'waived').length;
  const errors = one.gaps.length + (notJudged(one) ? 1 : 0);
  const passed = failures + errors === 0 ? 1 : 0;
  return { tests: findings.length + errors + passed, failures, errors, skipped };
}

function* suite(one: InstanceReport, all: boolean, startedAt: string): Iterable<string> {
  const name = escaped(one.name) || 'instance';
  const counts = countsOf(one, all);
  const properties = {
    uri: one.uri,
    group: one.group,
    image: imageOf(one),
    verdict: one.verdict,
    score: String(one.score),
    recommendation: `${one.recommendation.action}: ${one.recommendation.reason}`,
  };
  yield [
    `  <testsuite name="${name}"${attributes(counts)} time="${(one.seconds ?? 0).toFixed(3)}" timestamp="${utc(startedAt)}" hostname="${name}">`,
    '    <properties>',
    ...Object.entries(properties).map(([key, value]) => `      <property name="${key}" value="${escaped(value)}"/>`),
    '    </properties>',
    '',
  ].join('\n');
  if (counts.failures + counts.errors === 0) yield testcase(name, 'as its image', '');
  if (notJudged(one))
    yield testcase(name, one.verdict, `<error message="${escaped(one.recommendation.reason)}" type="${one.verdict}"/>`);
  for (const { probe, reason, detail } of one.gaps)
    yield testcase(
      name,
      `${escaped(probe)} is read`,
      `<error message="${escaped(detail)}" type="${escaped(reason)}"/>`,
    );
  for (const finding of shown(one, all)) yield testcase(name, escaped(titleOf(finding)), outcome(finding));
  yield '  </testsuite>\n';
}

/** All of it is escaped already. */
function testcase(instance: string, name: string, inside: string): string {
  const open = `    <testcase classname="${instance}" name="${name}" time="0"`;
  return inside === '' ? `${open}/>\n` : `${open}>${inside}</testcase>\n`;
}

function outcome(finding: ReportFinding): string {
  const { severity, reason, rule, id, diff, disposition } = finding;
  if (disposition === 'waived') return `<skipped message="${escaped(`waived: ${reason}`)}"/>`;
  if (!isLive(finding)) return '';
  const body = [`rule ${rule}, finding ${id}`, ...(diff ? [diff] : [])].map(escapedLines).join('\n');
  return `<failure message="${escaped(`${severity}: ${reason}`)}" type="${severity}">${body}</failure>`;
}
