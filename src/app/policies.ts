import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { UserError } from '../core/errors.ts';
import { isZone } from '../core/window.ts';
import { failedExamples } from '../policy/examples.ts';
import { override } from '../policy/override.ts';
import { type Policy, policySchema } from '../schema/policy.ts';
import { compileSchema } from '../schema/validate.ts';
import { home } from './places.ts';
import { shippedPolicies } from './shipped.ts';

/** Policies in the order in which they are asked, and a digest of all of them. */
export interface PolicySet {
  policies: { path: string; policy: Policy }[];
  /** `sha256:hex` over the policies as data. */
  digest: string;
}

/** A person's own policies first, so that their rules win, then the shipped ones. @throws UserError with all mistakes. */
export async function loadPolicies(own: string[]): Promise<PolicySet> {
  const mistakes: string[] = [];
  const policies = own.length > 0 ? await loadOwn(own, mistakes) : [];
  policies.push(...(await shippedPolicies()));
  mistakes.push(...patternMistakes(policies));
  const { overridden, unknown } = override(policies);
  mistakes.push(...unknown);
  if (mistakes.length > 0)
    throw new UserError(mistakes.join('\n'), '"snowfence schema policy" prints what a policy may hold');
  const text = JSON.stringify(overridden.map(({ policy }) => policy));
  return { policies: overridden, digest: `sha256:${createHash('sha256').update(text).digest('hex')}` };
}

/** The files themselves, each followed by what it includes; what is wrong with them goes to `mistakes`. */
async function loadOwn(own: string[], mistakes: string[]): Promise<PolicySet['policies']> {
  const [{ loadDocument }, validate] = await Promise.all([
    import('../config/document.ts'),
    compileSchema(policySchema),
  ]);
  const policies: PolicySet['policies'] = [];
  const load = (path: string, from: string[]): void => {
    const known = policies.some((other) => other.path === path);
    if (from.includes(path)) mistakes.push(`${from.at(-1)}: it includes itself by way of ${path}`);
    if (known || from.includes(path)) return;
    try {
      const policy = loadDocument<Policy>(path, 'policy', validate);
      policies.push({ path, policy });
      for (const name of policy.include ?? []) load(placeOf(name, path), [...from, path]);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      mistakes.push(from.length > 0 ? `${error.message} (included by ${from.at(-1)})` : error.message);
    }
  };
  for (const name of own) load(placeOf(name), []);
  return policies;
}

/** Path of a policy that is named on the command line or included: a file, or `pack:NAME`. @throws UserError */
function placeOf(name: string, from?: string): string {
  if (!name.startsWith('pack:')) return from === undefined || isAbsolute(name) ? name : join(dirname(from), name);
  const path = join(home, 'rules', 'packs', `${name.slice(5)}.yaml`);
  const packs = readdirSync(join(home, 'rules', 'packs')).map((file) => `pack:${file.replace(/\.yaml$/, '')}`);
  if (packs.includes(name)) return path;
  throw new UserError(`there is no policy "${name}"`, `these come with snowfence: ${packs.join(', ')}`);
}

/** Examples that do not do what their rules say, one line each. */
export function exampleMistakes(policies: PolicySet['policies']): string[] {
  return policies.flatMap(({ path, policy }) =>
    failedExamples(policy.rules ?? []).map(({ rule, example, why }) => `${path}: ${rule}: example ${example}: ${why}`),
  );
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
