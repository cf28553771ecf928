import type { CompiledPolicy } from './compile.ts';
import { isStated } from './seen.ts';

/** What bears on one control: the rules that are asked, and the probes whose answers they need. */
export interface Evidence {
  rules: string[];
  probes: Set<string>;
}

/** Rules of the tool itself: what runs must be the image's. See processes.ts and sockets.ts. */
const own = [
  { id: 'process/not-in-image', fact: 'process', controls: ['NIST 800-53 CM-7', 'NIST 800-53 SI-7'] },
  { id: 'socket/not-allowed', fact: 'socket', controls: ['NIST 800-53 CM-7'] },
];

const probesOf: Record<string, string[]> = {
  package: ['packages'],
  account: ['accounts'],
  process: ['processes'],
  socket: ['sockets'],
  instance: ['os'],
};

/** By control, what in a policy evidences it on the instances that the policy is for. */
export function evidenceOf({ expect, allow, deny, require, limit, weights }: CompiledPolicy): Map<string, Evidence> {
  const found = new Map<string, Evidence>();
  const add = (id: string, fact: string, controls: readonly string[] = []): void => {
    for (const control of controls) {
      const evidence = found.get(control) ?? { rules: [], probes: new Set<string>() };
      evidence.rules.push(id);
      for (const probe of isStated(fact) ? ['files', 'contents'] : (probesOf[fact] ?? ['files']))
        evidence.probes.add(probe);
      found.set(control, evidence);
    }
  };
  for (const { rule } of [...expect, ...allow, ...deny, ...require, ...limit]) add(rule.id, rule.fact, rule.controls);
  for (const { weight } of weights) add(weight.id, 'file', weight.controls);
  for (const { id, fact, controls } of own) add(id, fact, controls);
  return found;
}
