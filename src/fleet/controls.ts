import type { Gap } from '../core/facts.ts';
import { type Finding, isLive } from '../core/finding.ts';
import type { ControlReport } from '../core/report.ts';

/** An instance as an auditor sees it. */
export interface Audited {
  id: string;
  /** Read and judged against the manifest of its image. */
  judged: boolean;
  findings: readonly Finding[];
  gaps: readonly Pick<Gap, 'probe' | 'reason'>[];
  /** By control: the rules asked of this instance, and the probes that they need. */
  evidence: ReadonlyMap<string, { rules: readonly string[]; probes: ReadonlySet<string> }>;
}

/**
 * By control, on which instances it is evidenced, where it failed, and where nothing can be said: the instance could not be
 * judged, or a probe that the rules need has a gap. A live finding of a rule of the control fails it; a waived one does not,
 * and is listed. Sorted by name.
 */
export function controlReports(instances: readonly Audited[]): ControlReport[] {
  const names = [...new Set(instances.flatMap(({ evidence }) => [...evidence.keys()]))].sort();
  return names.map((control) => {
    const report: ControlReport = {
      control,
      state: 'not covered',
      rules: [...new Set(instances.flatMap(({ evidence }) => evidence.get(control)?.rules ?? []))].sort(),
      evidenced: 0,
      failed: [],
      waived: [],
      notCovered: [],
    };
    for (const { id, judged, findings, gaps, evidence } of instances) {
      const asked = evidence.get(control);
      const about = findings.filter((finding) => finding.controls.includes(control));
      const live = about.filter(isLive).map((finding) => finding.id);
      const waived = about.filter(({ disposition }) => disposition === 'waived').map((finding) => finding.id);
      if (waived.length > 0) report.waived.push({ instance: id, findings: waived });
      if (live.length > 0) report.failed.push({ instance: id, findings: live });
      else if (!judged) report.notCovered.push({ instance: id, why: 'it could not be judged' });
      else if (asked) {
        const gap = gaps.find(({ probe }) => asked.probes.has(probe));
        if (gap) report.notCovered.push({ instance: id, why: `${gap.probe}: ${gap.reason}` });
        else report.evidenced++;
      }
    }
    report.state = report.failed.length > 0 ? 'failed' : report.evidenced > 0 ? 'evidenced' : 'not covered';
    return report;
  });
}
