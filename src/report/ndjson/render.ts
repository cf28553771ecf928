import { printableJson } from '../../core/bytes.ts';
import type { Renderer } from '../renderer.ts';

/** One JSON object a line: the scan, then each instance (without its findings), each finding with its instance, the summary. */
export const ndjson: Renderer = {
  format: 'ndjson',
  *render(report) {
    yield line({ type: 'scan', schema: report.schema, ...report.scan });
    for (const { findings, ...instance } of report.instances) {
      yield line({ type: 'instance', ...instance, findings: findings.length });
      for (const finding of findings)
        yield line({ type: 'finding', scan: report.scan.id, instance: instance.id, image: instance.image, ...finding });
    }
    for (const image of report.fleet) yield line({ type: 'image', ...image });
    yield line({ type: 'summary', scan: report.scan.id, partial: report.scan.partial, ...report.summary });
  },
};

const line = (object: object) => `${printableJson(JSON.stringify(object))}\n`;
