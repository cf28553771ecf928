import type { Renderer } from '../renderer.ts';

/** One JSON object a line: the scan, then each instance (without its findings), each finding with its instance, the summary. */
export const ndjson: Renderer = {
  format: 'ndjson',
  render(report) {
    const lines: object[] = [{ type: 'scan', schema: report.schema, ...report.scan }];
    for (const { findings, ...instance } of report.instances) {
      lines.push({ type: 'instance', ...instance, findings: findings.length });
      for (const finding of findings)
        lines.push({ type: 'finding', scan: report.scan.id, instance: instance.id, image: instance.image, ...finding });
    }
    for (const image of report.fleet) lines.push({ type: 'image', ...image });
    lines.push({ type: 'summary', scan: report.scan.id, partial: report.scan.partial, ...report.summary });
    return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
  },
};
