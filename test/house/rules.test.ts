import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadDocument } from '../../src/config/document.ts';
import { failedExamples } from '../../src/policy/examples.ts';
import { type Policy, policySchema } from '../../src/schema/policy.ts';
import { compileSchema } from '../../src/schema/validate.ts';
import { root } from './rooms.ts';

const validate = await compileSchema(policySchema);
const files = [
  ...readdirSync(join(root, 'rules')),
  ...readdirSync(join(root, 'rules', 'packs')).map((file) => join('packs', file)),
].filter((f) => f.endsWith('.yaml'));
const policies = files.map((file) => ({
  file,
  policy: loadDocument<Policy>(join(root, 'rules', file), 'policy', validate),
}));
const rules = policies.flatMap(({ policy }) => policy.rules ?? []);

describe('the shipped rules', () => {
  it('are valid, and none of their files was left out', () => {
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const { policy } of policies) expect(validate(policy)).toEqual([]);
    expect(rules.length).toBeGreaterThan(20);
  });

  it('have ids of their own', () => {
    const ids = policies
      .flatMap(({ policy }) => [...(policy.rules ?? []), ...(policy.severities ?? [])])
      .map((r) => r.id);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  });

  it('each show by an example what they cover, and what they do not', () => {
    // What the platform gave at launch cannot be said in an example, so such a rule can only show what it does not cover.
    const without = (which: 'hit' | 'miss') =>
      rules

        .filter(
          (r) =>
            r.kind !== 'allow' &&
            !(which === 'hit' && r.kind === 'expect' && r.only?.launchKeys) &&
            !r.examples?.[which]?.length,
        )
        .map((r) => r.id);
    expect(without('hit')).toEqual([]);
    expect(without('miss')).toEqual([]);
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))('%s does what its examples say', (_, rule) => {
    expect(failedExamples([rule])).toEqual([]);
  });
});
