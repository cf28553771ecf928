import type { ScanRow } from '../core/ports.ts';
import type { ReportView } from '../core/report.ts';

/** How a person wants it shown. */
export interface RenderOptions {
  color: boolean;
  /** Show expected and waived findings too. */
  all: boolean;
  /** Scans before this one, newest first, for formats that draw them; absent where no store was asked. */
  history?: readonly ScanRow[];
}

/**
 * A pure renderer: the report in, the output chunk by chunk, ending in a line feed. A chunk is some lines, at most about one
 * instance; no chunk and nothing that is kept between them grows with the fleet, but for what is small of each instance.
 */
export interface Renderer {
  format: string;
  render(report: ReportView, options: RenderOptions): Iterable<string>;
}
