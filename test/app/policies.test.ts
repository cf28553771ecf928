import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadPolicies } from '../../src/app/policies.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'snowfence-policies-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, rest: string) => {
  writeFileSync(join(dir, name), `schema: snowfence.policy/v1\nname: ${name}\n${rest}`);
  return join(dir, name);
};
const deny = (id: string, severity = 'high') =>
  `  - { id: ${id}, kind: deny, fact: file, paths: [/etc/x], severity: ${severity}, reason: nobody wants it here }\n`;
const rulesOf = async (...own: string[]) =>
  (await loadPolicies(own)).policies.flatMap(({ policy }) =>
    (policy.rules ?? []).flatMap((rule) =>
      'severity' in rule && rule.id.startsWith('t/') ? [`${rule.id} ${rule.severity}`] : [],
    ),
  );

it('includes stand behind the policy that names them, each once, relative to it', async () => {
  const last = file('last.yaml', `rules:\n${deny('t/last')}`);
  file('middle.yaml', `include: [last.yaml]\nrules:\n${deny('t/middle')}`);
  const first = file('first.yaml', `include: [middle.yaml, last.yaml]\nrules:\n${deny('t/first')}`);
  expect(await rulesOf(first)).toEqual(['t/first high', 't/middle high', 't/last high']);
  expect(await rulesOf(last, first)).toEqual(['t/last high', 't/first high', 't/middle high']);
});

it('overrides change or silence the rules of others; the first wins', async () => {
  file(
    'base.yaml',
    `rules:\n${deny('t/a')}${deny('t/b')}${deny('t/c')}overrides:\n  - { id: t/c, severity: info, reason: a later one does not count }\n`,
  );
  const own = file(
    'own.yaml',
    'include: [base.yaml]\noverrides:\n  - { id: t/a, severity: low, reason: known and harmless here }\n  - { id: t/b, disabled: true, reason: we have no such thing }\n  - { id: t/c, severity: critical, reason: worse for us than for others }\n',
  );
  expect(await rulesOf(own)).toEqual(['t/a low', 't/c critical']);
  const digests = [await loadPolicies([own]), await loadPolicies([join(dir, 'base.yaml')])].map(({ digest }) => digest);
  expect(new Set(digests).size).toBe(2);
});

it('packs that come with the tool are named', async () => {
  const { policies } = await loadPolicies(['pack:linux-baseline']);
  expect(policies[0]?.policy.name).toBe('linux-baseline');
  await expect(loadPolicies(['pack:linux'])).rejects.toThrow('there is no policy "pack:linux"');
});

it.each<[string, string, string]>([
  ['itself', 'include: [own.yaml]\n', 'it includes itself'],
  ['a file that is not there', 'include: [none.yaml]\n', 'none.yaml'],
  [
    'an id that nobody has',
    'overrides:\n  - { id: severity/sshx, severity: low, reason: a slip of the pen }\n',
    'did you mean "severity/sshd"?',
  ],
])('a policy that names %s is refused', async (_what, rest, said) => {
  await expect(loadPolicies([file('own.yaml', rest)])).rejects.toThrow(said);
});

it('all mistakes of all files are said at once', async () => {
  file('one.yaml', 'include: [none.yaml]\n');
  const own = file(
    'own.yaml',
    `include: [one.yaml, 'pack:none']\nrules:\n  - { id: t/r, kind: require, fact: setting, value: '(', severity: low, reason: no pattern at all }\n`,
  );
  const error = await loadPolicies([own]).catch((e: Error) => e);
  for (const said of ['none.yaml', 'pack:none', 't/r']) expect(String(error)).toContain(said);
});
