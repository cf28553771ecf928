import type { ScanRow } from '../core/ports.ts';
import type { PackageList, ReportView } from '../core/report.ts';

/** How a person wants it shown. */
export interface RenderOptions {
  color: boolean;
  /** Show expected and waived findings too. */
  all: boolean;
  /** Scans before this one, newest first, for formats that draw them; absent where no store was asked. */
  history?: readonly ScanRow[];
  /** The packages of an instance by its id, while a scan still knows them; undefined of one that was not read. */
  packagesOf?: (instance: string) => PackageList | undefined;
}

/**
 * A pure renderer: the report in, the output chunk by chunk, ending in a line feed. A chunk is some lines, at most about one
 * instance; no chunk and nothing that is kept between them grows with the fleet, but for what is small of each instance.
 */
export interface Renderer {
  format: string;
  /** What it needs beside the report; only a scan has it. */
  needs?: 'packages';
  render(report: ReportView, options: RenderOptions): Iterable<string>;
}
