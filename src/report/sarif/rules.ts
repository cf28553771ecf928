import { printable } from '../../core/bytes.ts';
import { compareSeverity, type Severity } from '../../core/finding.ts';
import type { ReportView } from '../../core/report.ts';

/** Scale of the property `security-severity` of code scanning: above 9 critical, from 7 high, from 4 medium. */
export const securitySeverity: Record<Severity, string> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '2.0',
  info: '0.0',
};

/** SARIF knows three levels. */
export const level: Record<Severity, 'error' | 'warning' | 'note'> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
};

/** A reporting descriptor (SARIF 3.49). */
interface Rule {
  id: string;
  shortDescription: { text: string };
  fullDescription: { text: string };
  help: { text: string; markdown: string };
  defaultConfiguration: { level: string };
  properties: { 'security-severity': string; tags: string[] };
}

export interface Rules {
  list: Rule[];
  /** Place of a rule in the list. */
  indexOf: Map<string, number>;
}

interface Seen {
  reason: string;
  severity: Severity;
  kinds: Set<string>;
  controls: Set<string>;
  attack: Set<string>;
}

/** Controls, techniques and kinds that are named of one rule, at most each. */
const most = 20;

/** Rules that decided something, in the order in which they are met. One pass; as many as the policies have. */
export function rulesOf({ instances }: Pick<ReportView, 'instances'>, all: boolean): Rules {
  const seen = new Map<string, Seen>();
  for (const { findings } of instances)
    for (const { rule, reason, severity, kind, controls, attack, disposition } of findings) {
      if (!all && disposition === 'expected') continue;
      const known = seen.get(rule);
      const one = known ?? { reason, severity, kinds: new Set(), controls: new Set(), attack: new Set() };
      if (!known) seen.set(rule, one);
      if (compareSeverity(severity, one.severity) > 0) Object.assign(one, { severity, reason });
      add(one.kinds, [kind]);
      add(one.controls, controls);
      if (attack) add(one.attack, [`${attack.id} ${attack.name}`]);
    }
  return {
    list: [...seen].map(([id, one]) => ruleOf(id, one)),
    indexOf: new Map([...seen.keys()].map((id, i) => [id, i])),
  };
}

function add(set: Set<string>, values: string[]): void {
  for (const value of values) if (set.size < most) set.add(printable(value));
}

function ruleOf(id: string, { reason, severity, kinds, controls, attack }: Seen): Rule {
  const help = [
    `The rule ${printable(id)} of the policies in force decided this.`,
    'A server is not repaired: keep it, replace it from its image, or rebake the image, as the recommendation of the instance says.',
    ...(controls.size > 0 ? [`Controls: ${[...controls].join(', ')}.`] : []),
    ...(attack.size > 0 ? [`Techniques of MITRE ATT&CK that leave such a trace: ${[...attack].join(', ')}.`] : []),
    'Which rule decided, and which did not: snowfence policy explain FINDING.',
  ];
  return {
    id: printable(id),
    shortDescription: { text: `${[...kinds].join(', ')}: ${printable(id)}` },
    fullDescription: { text: printable(reason) || printable(id) },
    help: { text: help.join('\n'), markdown: help.map(plain).join('\n\n') },
    defaultConfiguration: { level: level[severity] },
    properties: { 'security-severity': securitySeverity[severity], tags: ['security', ...controls] },
  };
}

/** Text that markdown shows as it is. */
function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|!~@]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
