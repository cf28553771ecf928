import { printable, printableJson } from '../../core/bytes.ts';
import type { InstanceReport, ReportView } from '../../core/report.ts';
import type { Renderer } from '../renderer.ts';
import { resultOf } from './result.ts';
import { type Rules, rulesOf } from './rules.ts';

/**
 * SARIF 2.1.0 (OASIS), one run. Expected differences are left out unless all is asked for; waived findings are results with
 * a suppression, as the format has it.
 */
export const sarif: Renderer = {
  format: 'sarif',
  *render(report, { all }) {
    const rules = rulesOf(report, all);
    yield head(report, rules);
    let comma = '\n';
    for (const instance of report.instances) {
      const told: string[] = [];
      for (const finding of instance.findings) {
        if (!all && finding.disposition === 'expected') continue;
        told.push(`${comma}${printableJson(JSON.stringify(resultOf(instance, finding, rules)))}`);
        comma = ',\n';
      }
      yield told.join('');
    }
    yield `\n],\n"invocations":[${invocation(report)}`;
    comma = '\n';
    for (const instance of report.instances) {
      yield instance.gaps
        .map((gap, i) => `${i === 0 ? comma : ',\n'}${printableJson(JSON.stringify(notification(instance, gap)))}`)
        .join('');
      if (instance.gaps.length > 0) comma = ',\n';
    }
    yield `\n]}]\n}]}\n`;
  },
};

/** Everything before the results; ends within their list. */
function head({ scan, summary }: ReportView, rules: Rules): string {
  const schema = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
  const driver = {
    name: 'snowfence',
    semanticVersion: printable(scan.scanner.version),
    shortDescription: { text: 'Compares running servers with the image they were launched from.' },
    rules: rules.list,
  };
  const run = {
    tool: { driver },
    // What stands before the last slash is the category under which uploads of the same kind replace each other.
    automationDetails: { id: `snowfence/${printable(scan.id)}` },
    columnKind: 'utf16CodeUnits',
    properties: { scan, summary },
  };
  const start = printableJson(JSON.stringify(run)).slice(0, -1);
  return `{"$schema":${JSON.stringify(schema)},"version":"2.1.0","runs":[${start},\n"results":[`;
}

/** The invocation, open within the list of what could not be read. */
function invocation({ scan, summary }: ReportView): string {
  const object = {
    executionSuccessful: !scan.partial && summary.gaps === 0,
    startTimeUtc: scan.startedAt,
    endTimeUtc: scan.finishedAt,
  };
  return `${printableJson(JSON.stringify(object)).slice(0, -1)},"toolExecutionNotifications":[`;
}

function notification({ name, id }: InstanceReport, { probe, reason, detail }: InstanceReport['gaps'][number]) {
  return {
    descriptor: { id: `gap/${printable(probe)}/${printable(reason)}` },
    level: 'error',
    message: { text: `${printable(name)}: ${printable(probe)}: ${printable(detail)}` },
    properties: { instance: printable(id) },
  };
}
