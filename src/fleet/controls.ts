import type { Gap } from '../core/facts.ts';
import { type Finding, isLive } from '../core/finding.ts';
import type { CitedFindings, ControlReport } from '../core/report.ts';

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

/** What is kept of an audited instance. */
type Kept = Omit<Audited, 'findings'> & { live: Cited; waived: Cited };
type Cited = Map<string, Omit<CitedFindings, 'instance'>>;

/** Findings of one instance that are listed for a control. */
const mostCited = 20;

/**
 * By control, on which instances it is evidenced, where it failed, and where nothing can be said: the instance could not be
 * judged, or a probe that the rules need has a gap. A live finding of a rule of the control fails it; a waived one does not,
 * and is listed. Instances are added one by one.
 */
export class ControlBook {
  readonly #audited: Kept[] = [];

  add({ findings, ...one }: Audited): void {
    const live: Cited = new Map();
    const waived: Cited = new Map();
    for (const finding of findings) {
      const into = isLive(finding) ? live : finding.disposition === 'waived' ? waived : undefined;
      for (const control of into ? finding.controls : []) {
        const cited = into?.get(control);
        if (!cited) into?.set(control, { findings: [finding.id] });
        else if (cited.findings.length < mostCited) cited.findings.push(finding.id);
        else cited.more = (cited.more ?? 0) + 1;
      }
    }
    this.#audited.push({ ...one, live, waived });
  }

  /** Sorted by name. */
  reports(): ControlReport[] {
    const names = [...new Set(this.#audited.flatMap(({ evidence }) => [...evidence.keys()]))].sort();
    return names.map((control) => this.#report(control));
  }

  #report(control: string): ControlReport {
    const report: ControlReport = {
      control,
      state: 'not covered',
      rules: [...new Set(this.#audited.flatMap(({ evidence }) => evidence.get(control)?.rules ?? []))].sort(),
      evidenced: 0,
      failed: [],
      waived: [],
      notCovered: [],
    };
    for (const { id, judged, live, waived, gaps, evidence } of this.#audited) {
      const [failed, excused] = [live.get(control), waived.get(control)];
      const asked = evidence.get(control);
      if (excused) report.waived.push({ instance: id, ...excused });
      if (failed) report.failed.push({ instance: id, ...failed });
      else if (!judged) report.notCovered.push({ instance: id, why: 'it could not be judged' });
      else if (asked) {
        const gap = gaps.find(({ probe }) => asked.probes.has(probe));
        if (gap) report.notCovered.push({ instance: id, why: `${gap.probe}: ${gap.reason}` });
        else report.evidenced++;
      }
    }
    report.state = report.failed.length > 0 ? 'failed' : report.evidenced > 0 ? 'evidenced' : 'not covered';
    return report;
  }
}
