import type { Report } from '../core/report.ts';

/** How a person wants it shown. */
export interface RenderOptions {
  color: boolean;
  /** Show expected and waived findings too. */
  all: boolean;
}

/** A pure renderer: the report in, the whole output out, ending in a line feed. */
export interface Renderer {
  format: string;
  render(report: Report, options: RenderOptions): string;
}
