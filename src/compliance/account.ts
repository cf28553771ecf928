import type { Gap } from '../core/facts.ts';
import type { ControlReport, Report, ReportFinding } from '../core/report.ts';

/** A control within its framework. */
export interface Control extends ControlReport {
  number: string;
  /** Judged instances on which something could not be read, by name. */
  partly: { instance: string; why: string }[];
}

/** A framework's controls, in order. */
export interface Framework {
  name: string;
  controls: Control[];
}

/** A finding and where it was found. */
export interface Cited {
  instance: string;
  finding: ReportFinding;
}

/** What an auditor is given: a pure view of a report. */
export interface Account {
  frameworks: Framework[];
  counts: Record<ControlReport['state'], number>;
  /** Findings by `instance NUL id`, for the controls that cite them. */
  cite(instance: string, id: string): Cited | undefined;
  instances: { total: number; judged: number };
  /** Names of those about which nothing can be said; they are not repeated under each control. */
  notJudged: string[];
  gaps: { instance: string; gap: Pick<Gap, 'probe' | 'reason' | 'detail'> }[];
}

/** Puts the controls of a report in order: `PCI DSS 11.5.2` is control 11.5.2 of PCI DSS. */
export function accountOf({ controls = [], instances }: Report): Account {
  const judged = new Map(instances.flatMap((one) => (one.manifest === null ? [] : [[one.id, one.name] as const])));
  const frameworks = new Map<string, Framework>();
  const counts: Account['counts'] = { evidenced: 0, failed: 0, 'not covered': 0 };
  for (const one of controls) {
    const space = one.control.lastIndexOf(' ');
    const name = space < 0 ? 'Other' : one.control.slice(0, space);
    const framework = frameworks.get(name) ?? { name, controls: [] };
    const partly = one.notCovered.flatMap(({ instance, why }) => {
      const named = judged.get(instance);
      return named === undefined ? [] : [{ instance: named, why }];
    });
    framework.controls.push({ ...one, number: one.control.slice(space + 1), partly });
    frameworks.set(name, framework);
    counts[one.state]++;
  }
  const byNumber = new Intl.Collator('en', { numeric: true });
  for (const { controls: list } of frameworks.values()) list.sort((a, b) => byNumber.compare(a.number, b.number));
  const findings = new Map(
    instances.flatMap((one) =>
      one.findings.map((finding) => [`${one.id}\0${finding.id}`, { instance: one.name, finding }] as const),
    ),
  );
  return {
    frameworks: [...frameworks.values()].sort((a, b) => byNumber.compare(a.name, b.name)),
    counts,
    cite: (instance, id) => findings.get(`${instance}\0${id}`),
    instances: { total: instances.length, judged: instances.filter((one) => one.manifest !== null).length },
    notJudged: instances.filter((one) => one.manifest === null).map((one) => one.name),
    gaps: instances.flatMap((one) => one.gaps.map((gap) => ({ instance: one.name, gap }))),
  };
}

/** Most findings that are cited for one control; the JSON report has all of them. */
export const mostCited = 50;
