import { complianceFormats } from '../compliance/registry.ts';
import { UserError } from '../core/errors.ts';
import { provide } from '../core/registry.ts';
import type { Report } from '../core/report.ts';
import { renderers } from '../report/registry.ts';
import type { RenderOptions } from '../report/renderer.ts';

/** What a report is about: the findings, or the controls that they bear on. */
export const reportKinds = ['findings', 'compliance'] as const;
export type ReportKind = (typeof reportKinds)[number];

/** All formats, of either kind. */
export const formats = [...new Set([...Object.keys(renderers), ...Object.keys(complianceFormats)])];

/** How a report is written. @throws UserError for a format that its kind does not have. */
export async function writerFor(
  kind: ReportKind,
  format: string,
): Promise<(report: Report, options: RenderOptions) => string> {
  // What a person reads on a terminal is fit for a ticket too.
  const wanted = kind === 'compliance' && format === 'text' ? 'markdown' : format;
  const known = Object.keys(kind === 'compliance' ? complianceFormats : renderers);
  if (!known.includes(wanted))
    throw new UserError(
      `--format ${format} is not for a report of ${kind}`,
      `it has ${known.join(', ')}${kind === 'findings' && wanted in complianceFormats ? '; --report compliance has it' : ''}`,
    );
  if (kind === 'compliance') return provide(complianceFormats, 'format', wanted);
  const renderer = await provide(renderers, 'format', wanted);
  return (report, options) => renderer.render(report, options);
}
