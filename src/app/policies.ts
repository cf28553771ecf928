import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadDocument } from '../config/document.ts';
import { UserError } from '../core/errors.ts';
import { failedExamples } from '../policy/examples.ts';
import { isZone } from '../policy/window.ts';
import { type Policy, policySchema } from '../schema/policy.ts';
import { compileSchema } from '../schema/validate.ts';
import { home } from './places.ts';

/** Policies in the order in which they are asked, and a digest of all of them. */
export interface PolicySet {
  policies: { path: string; policy: Policy }[];
  /** `sha256:hex` over the policies as data. */
  digest: string;
}

/**
 * A person's own policy files first, so that their rules win, then the shipped ones. Only the own ones are validated:
 * the tests have validated the shipped ones, and a schema costs 100 ms to compile. @throws UserError with all mistakes.
 */
export async function loadPolicies(own: string[]): Promise<PolicySet> {
  const validate = own.length > 0 ? await compileSchema(policySchema) : () => [];
  const mistakes: string[] = [];
  const policies: PolicySet['policies'] = [];
  for (const path of own) {
    try {
      policies.push({ path, policy: loadDocument<Policy>(path, 'policy', validate) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      mistakes.push(error.message);
    }
  }
  for (const path of shippedPolicies()) policies.push({ path, policy: loadDocument<Policy>(path, 'policy', () => []) });
  mistakes.push(...patternMistakes(policies));
  if (mistakes.length > 0)
    throw new UserError(mistakes.join('\n'), '"snowfence schema policy" prints what a policy may hold');
  const text = JSON.stringify(policies.map(({ policy }) => policy));
  return { policies, digest: `sha256:${createHash('sha256').update(text).digest('hex')}` };
}

/** Examples that do not do what their rules say, one line each. */
export function exampleMistakes(policies: PolicySet['policies']): string[] {
  return policies.flatMap(({ path, policy }) =>
    failedExamples(policy.rules ?? []).map(({ rule, example, why }) => `${path}: ${rule}: example ${example}: ${why}`),
  );
}

/** Paths of the policies that come with the tool. */
export function shippedPolicies(): string[] {
  const directory = join(home, 'rules');
  return readdirSync(directory)
    .filter((f) => /\.ya?ml$/.test(f))
    .sort()
    .map((f) => join(directory, f));
}

/** What a schema cannot say: ids are unique, regular expressions compile. */
function patternMistakes(policies: PolicySet['policies']): string[] {
  const mistakes: string[] = [];
  const ids = new Map<string, string>();
  for (const { path, policy } of policies) {
    for (const { id } of [...(policy.rules ?? []), ...(policy.severities ?? []), ...(policy.waivers ?? [])]) {
      const other = ids.get(id);
      if (other) mistakes.push(`${path}: the id "${id}" is also in ${other}`);
      ids.set(id, path);
    }
    for (const { id, windows = [] } of policy.waivers ?? []) {
      for (const { zone } of windows)
        if (!isZone(zone))
          mistakes.push(`${path}: waiver "${id}": "${zone}" is no time zone; write Europe/Berlin or UTC`);
    }
    for (const rule of policy.rules ?? []) {
      if (rule.kind === 'require' && rule.value !== undefined)
        mistakes.push(...patternMistake(path, rule.id, rule.value));
      if (rule.kind !== 'expect') continue;
      for (const pattern of [rule.only?.content, rule.only?.lines, rule.only?.link]) {
        if (pattern !== undefined) mistakes.push(...patternMistake(path, rule.id, pattern));
      }
    }
  }
  return mistakes;
}

function patternMistake(path: string, rule: string, pattern: string): string[] {
  try {
    new RegExp(pattern);
    return [];
  } catch (error) {
    return [`${path}: rule "${rule}": ${error instanceof Error ? error.message : error}`];
  }
}
