import { readFileSync } from 'node:fs';
import { printable } from '../core/bytes.ts';
import { UserError } from '../core/errors.ts';
import type { InstanceReport, Report, ReportFinding } from '../core/report.ts';
import { attributionLine } from '../report/text/attribution.ts';
import type { Policy } from '../schema/policy.ts';
import type { PolicySet } from './policies.ts';

/** A finding and the instance that it was found on. */
export interface Located {
  instance: InstanceReport;
  finding: ReportFinding;
}

/** A finding of a report by its id or the beginning of one. @throws UserError when none or several fit. */
export function locate(report: Report, id: string): Located {
  const all = report.instances.flatMap((instance) => instance.findings.map((finding) => ({ instance, finding })));
  const exact = all.filter(({ finding }) => finding.id === id);
  const fit = exact.length > 0 ? exact : all.filter(({ finding }) => finding.id.startsWith(id));
  if (fit.length === 1 && fit[0]) return fit[0];
  if (fit.length > 1)
    throw new UserError(`"${id}" may be ${fit.length} findings`, 'give more of its id: the JSON report has them whole');
  throw new UserError(
    `no finding "${id}" in the scan ${report.scan.id}`,
    '"snowfence history show last --format json" lists the findings with their ids',
  );
}

/** Why a finding is what it is: the rule that decided and where it stands, the rules that did not, and what one can do. */
export function explanation({ instance, finding }: Located, { policies }: PolicySet): string {
  const { rule, considered = [], prevalence } = finding;
  const lines = [
    `${finding.kind} ${finding.subject} (${finding.change}) on ${printable(instance.name)}`,
    `  ${finding.disposition}, ${finding.severity}: ${printable(finding.reason)}`,
    ...(finding.attribution ?? []).flatMap((one) => attributionLine({ attribution: [one] })).map((line) => `  ${line}`),
    '',
    `decided by ${rule}`,
    ...definition(rule, policies),
    ...considered.flatMap((other) => [
      '',
      `considered ${other.rule}: it does not cover this, ${printable(other.why)}`,
      ...definition(other.rule, policies),
    ]),
    ...(prevalence
      ? ['', `${prevalence.seen} of ${prevalence.of} instances of ${printable(instance.image.ref)} show the same`]
      : []),
    ...(finding.attack
      ? [
          '',
          `an intruder who leaves this: ${finding.attack.tactic}, ${finding.attack.name} (ATT&CK ${finding.attack.id})`,
        ]
      : []),
    ...(finding.controls.length > 0 ? ['', `bears on ${finding.controls.join(', ')}`] : []),
    '',
    ...advice(finding),
  ];
  return `${lines.join('\n')}\n`;
}

function definition(id: string, policies: PolicySet['policies']): string[] {
  for (const { path, policy } of policies) {
    const found = entries(policy).find((entry) => entry.id === id);
    if (found) return [`  ${found.reason}`, `  ${path}${lineOf(path, id)}`];
  }
  return ['  a rule of the tool itself (docs/judgement.md)'];
}

function entries(policy: Policy): { id: string; reason: string }[] {
  return [...(policy.rules ?? []), ...(policy.severities ?? []), ...(policy.waivers ?? [])];
}

/** `:line` where a file has the id. */
function lineOf(path: string, id: string): string {
  const lines = readFileSync(path, 'utf8').split('\n');
  const at = lines.findIndex((line) => /\bid:/.test(line) && line.replace(/["']/g, '').includes(`id: ${id}`));
  return at < 0 ? '' : `:${at + 1}`;
}

function advice(finding: ReportFinding): string[] {
  if (finding.disposition === 'expected') return ['It is expected and counts nowhere.'];
  if (finding.disposition === 'waived') return ['It is waived until its waiver expires.'];
  const change = finding.tamper
    ? 'keep evidence, then replace the instance'
    : 'replace the instance, or bake the change into a new image';
  return [
    `What to do: ${change}.`,
    `To accept it for a time: snowfence waiver add ${finding.id} --owner NAME --reason TEXT --expires DATE`,
  ];
}
