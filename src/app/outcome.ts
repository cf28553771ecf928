import { type ExitCode, exit, worstExit } from '../core/exit.ts';
import { compareSeverity, type Severity, severities } from '../core/finding.ts';
import type { ReportView } from '../core/report.ts';

/** The exit code of a scan, computed here and nowhere else. */
export function exitOf({ scan, summary }: Pick<ReportView, 'scan' | 'summary'>, failOn: Severity): ExitCode {
  const codes: ExitCode[] = [];
  const { unreachable, incomplete, 'unknown-image': unknown } = summary.instances;
  if (severities.some((severity) => compareSeverity(severity, failOn) >= 0 && summary.findings[severity] > 0))
    codes.push(exit.findings);
  if (summary.gaps + unreachable + incomplete + unknown > 0) codes.push(exit.incomplete);
  if (scan.partial) codes.push(exit.interrupted);
  return worstExit(codes);
}
