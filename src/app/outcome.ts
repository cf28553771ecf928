import { type ExitCode, exit, worstExit } from '../core/exit.ts';
import { compareSeverity, isLive, type Severity } from '../core/finding.ts';
import type { Report } from '../core/report.ts';

/** The exit code of a scan, computed here and nowhere else. */
export function exitOf(report: Report, failOn: Severity): ExitCode {
  const codes: ExitCode[] = [];
  for (const instance of report.instances) {
    if (instance.findings.some((f) => isLive(f) && compareSeverity(f.severity, failOn) >= 0)) codes.push(exit.findings);
    if (
      instance.gaps.length > 0 ||
      instance.flags.some((f) => f === 'unreachable' || f === 'unknown-image' || f === 'incomplete')
    )
      codes.push(exit.incomplete);
  }
  if (report.scan.partial) codes.push(exit.interrupted);
  return worstExit(codes);
}
