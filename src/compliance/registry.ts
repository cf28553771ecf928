import type { Registry } from '../core/registry.ts';
import type { Report } from '../core/report.ts';

/** Forms of the compliance report, by format. */
export const complianceFormats: Registry<(report: Report) => string> = {
  markdown: async () => (await import('./markdown.ts')).complianceMarkdown,
  html: async () => (await import('./html.ts')).complianceHtml,
  json: async () => (await import('./json.ts')).complianceJson,
};
