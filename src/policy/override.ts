import type { Policy } from '../schema/policy.ts';
import { nearest } from '../schema/validate.ts';

/** A policy and the file that it came from. */
export interface Sourced {
  path: string;
  policy: Policy;
}

/**
 * Policies with their overrides applied: the first override of an id wins, as with rules. `unknown` are overrides of ids
 * that nobody has, one line each.
 */
export function override<T extends Sourced>(policies: readonly T[]): { overridden: T[]; unknown: string[] } {
  const changes = new Map<string, NonNullable<Policy['overrides']>[number]>();
  const ids = new Set(
    policies.flatMap(({ policy }) => [...(policy.rules ?? []), ...(policy.severities ?? [])].map(({ id }) => id)),
  );
  const unknown: string[] = [];
  for (const { path, policy } of policies) {
    for (const one of policy.overrides ?? []) {
      if (!ids.has(one.id))
        unknown.push(`${path}: override of "${one.id}": no policy has a rule of this id${nearest(one.id, [...ids])}`);
      if (!changes.has(one.id)) changes.set(one.id, one);
    }
  }
  if (changes.size === 0) return { overridden: [...policies], unknown };
  const apply = <R extends { id: string }>(rules: R[]): R[] =>
    rules.flatMap((rule) => {
      const change = changes.get(rule.id);
      if (change?.disabled) return [];
      return change?.severity !== undefined && 'severity' in rule ? [{ ...rule, severity: change.severity }] : [rule];
    });
  const overridden = policies.map((one) => ({
    ...one,
    policy: {
      ...one.policy,
      ...(one.policy.rules ? { rules: apply(one.policy.rules) } : {}),
      ...(one.policy.severities ? { severities: apply(one.policy.severities) } : {}),
    },
  }));
  return { overridden, unknown };
}
