import type { Renderer } from '../renderer.ts';

/** The report as it is: `snowfence.report/v1`. */
export const json: Renderer = { format: 'json', render: (report) => `${JSON.stringify(report, null, 2)}\n` };
