import type { StoredScan } from '../core/ports.ts';
import type { InstanceReport, Report, ReportView } from '../core/report.ts';

/** The report of a stored scan; its instances are read from the store each time they are gone through. */
export function viewOf({ head, instances }: StoredScan): ReportView {
  const report = JSON.parse(head) as Report;
  // Early stores kept them all in one.
  if (report.instances.length > 0) return report;
  return {
    ...report,
    instances: {
      length: instances.length,
      *[Symbol.iterator]() {
        for (const text of instances) yield JSON.parse(text) as InstanceReport;
      },
    },
  };
}

/** A report with all its instances, for those who look at them in any order. */
export function wholeOf(view: ReportView): Report {
  return { ...view, instances: [...view.instances] };
}
