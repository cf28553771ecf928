import { printable } from '../../core/bytes.ts';
import type { Confidence, Severity } from '../../core/finding.ts';

/** `severity_id` of the base event. */
export const severityIds: Record<Severity, { severity_id: number; severity: string }> = {
  info: { severity_id: 1, severity: 'Informational' },
  low: { severity_id: 2, severity: 'Low' },
  medium: { severity_id: 3, severity: 'Medium' },
  high: { severity_id: 4, severity: 'High' },
  critical: { severity_id: 5, severity: 'Critical' },
};

/** `confidence_id` of a finding. */
export const confidenceIds: Record<Confidence, { confidence_id: number; confidence: string }> = {
  low: { confidence_id: 1, confidence: 'Low' },
  medium: { confidence_id: 2, confidence: 'Medium' },
  high: { confidence_id: 3, confidence: 'High' },
};

/** `status_id` of a finding: where its review stands. */
export const status = {
  new: { status_id: 1, status: 'New' },
  suppressed: { status_id: 3, status: 'Suppressed' },
  resolved: { status_id: 4, status: 'Resolved' },
};

/** `status_id` of the compliance object: what the check gave. */
export const compliance = {
  pass: { status_id: 1, status: 'Pass' },
  warning: { status_id: 2, status: 'Warning' },
  fail: { status_id: 3, status: 'Fail' },
};

/** The frameworks of controls, `NIST 800-53 CM-7` -> `NIST 800-53`; without a control the standard is the image itself. */
export function frameworkOf(controls: readonly string[]): string[] {
  const names = controls.map((control) => printable(control.slice(0, Math.max(0, control.lastIndexOf(' ')))));
  const known = [...new Set(names.filter((name) => name !== ''))];
  return known.length > 0 ? known : ['Immutable infrastructure: as the image'];
}
