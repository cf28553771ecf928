import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadDocument } from '../../src/config/document.ts';
import { compileRule, type Subject } from '../../src/policy/compile.ts';
import { misfit, oddLine } from '../../src/policy/expectation.ts';
import { type Example, type ExpectRule, type Policy, policySchema, type Rule } from '../../src/schema/policy.ts';
import { compileSchema } from '../../src/schema/validate.ts';
import { root } from './rooms.ts';

const validate = await compileSchema(policySchema);
const files = readdirSync(join(root, 'rules')).filter((f) => f.endsWith('.yaml'));
const policies = files.map((file) => ({
  file,
  policy: loadDocument<Policy>(join(root, 'rules', file), 'policy', validate),
}));
const rules = policies.flatMap(({ policy }) => policy.rules ?? []);

function subjectOf(example: Example): Subject {
  const { path, name, executable, protocol, address, port } = example;
  return Object.fromEntries(
    Object.entries({ path, name, executable, protocol, address, port }).filter(([, value]) => value !== undefined),
  );
}

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

/** Does the rule cover what the example says? */
function covers(rule: Rule, example: Example): boolean {
  if (!compileRule(rule).matches(subjectOf(example))) return false;
  if (rule.kind !== 'expect') return true;
  return rule.fact === 'file' ? coversFile(rule, example) : coversAccount(rule, example);
}

function coversFile(rule: ExpectRule, example: Example): boolean {
  const { change = 'changed', type = 'f', mode = type === 'd' ? '755' : '644', owner = '0:0', link = '' } = example;
  const [uid = '', gid = ''] = owner.split(':');
  const side = (text: string | undefined, size: number | undefined) => ({
    ...{ type, mode, uid, gid, capabilities: '-', extra: {}, link },
    size: type === 'f' ? String(size ?? Buffer.byteLength(text ?? '')) : '-',
    sha256: type === 'f' ? 'a'.repeat(64) : '-',
  });
  const wrong = misfit(rule, {
    change,
    launchKeys: [],
    ...(change === 'added' ? {} : { before: side(example.before, undefined) }),
    ...(change === 'removed' ? {} : { after: side(example.after, example.size) }),
    ...(example.before === undefined ? {} : { oldContent: latin1(example.before) }),
    ...(example.after === undefined ? {} : { newContent: latin1(example.after) }),
  });
  return wrong === undefined;
}

function coversAccount(rule: ExpectRule, example: Example): boolean {
  if (!rule.changes.includes(example.change ?? 'changed')) return false;
  if (rule.only?.password && example.password !== rule.only.password) return false;
  return !rule.only?.lines || oddLine(rule.only.lines, example.before ?? '', example.after ?? '') === undefined;
}

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
        .filter((r) => r.kind === 'expect' && !(which === 'hit' && r.only?.launchKeys) && !r.examples?.[which]?.length)
        .map((r) => r.id);
    expect(without('hit')).toEqual([]);
    expect(without('miss')).toEqual([]);
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))('%s does what its examples say', (_, rule) => {
    const hits = rule.examples?.hit ?? [];
    const misses = rule.examples?.miss ?? [];
    expect(
      hits.filter((e) => !covers(rule, e)),
      'hits that miss',
    ).toEqual([]);
    expect(
      misses.filter((e) => covers(rule, e)),
      'misses that hit',
    ).toEqual([]);
  });
});
