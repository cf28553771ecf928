import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { home } from '../../src/app/places.ts';
import { shippedPolicies } from '../../src/app/shipped.ts';

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

/** A copy of what is installed, to be changed. */
function installed(): string {
  const dir = mkdtempSync(join(tmpdir(), 'shipped-'));
  dirs.push(dir);
  cpSync(join(home, 'rules'), join(dir, 'rules'), { recursive: true });
  cpSync(join(home, 'dist', 'rules.json'), join(dir, 'dist', 'rules.json'));
  return dir;
}
const named = (policies: Awaited<ReturnType<typeof shippedPolicies>>) =>
  policies.map(({ path, policy }) => [path.split('/').at(-1), policy]);

it('shipped rules are the same from the build and from their files', async () => {
  const dir = installed();
  const built = await shippedPolicies(dir);
  rmSync(join(dir, 'dist'), { recursive: true });
  const read = await shippedPolicies(dir);
  expect(built).toEqual(read);
  expect(built.length).toBeGreaterThan(5);
  expect(JSON.stringify(built)).toBe(JSON.stringify(read));
});

it('a file that was edited since the build counts as it is, the others as they were built', async () => {
  const dir = installed();
  const file = join(dir, 'rules', 'severity.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^description: .*$/m, 'description: edited'));
  const parsed = JSON.parse(readFileSync(join(dir, 'dist', 'rules.json'), 'utf8'));
  parsed['volatile.yaml'].policy.description = 'from the build';
  writeFileSync(join(dir, 'dist', 'rules.json'), JSON.stringify(parsed));
  const found = Object.fromEntries(named(await shippedPolicies(dir)));
  expect(found['severity.yaml']).toMatchObject({ description: 'edited' });
  expect(found['volatile.yaml']).toMatchObject({ description: 'from the build' });
});

it.each(['', '{', 'null', '[]', '{"severity.yaml":null}'])(
  'a file of the build that holds %j is none',
  async (text) => {
    const dir = installed();
    writeFileSync(join(dir, 'dist', 'rules.json'), text);
    expect(named(await shippedPolicies(dir))).toEqual(named(await shippedPolicies(home)));
  },
);
