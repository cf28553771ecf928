import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { allSchemas } from '../../src/cli/schemas.ts';
import { compileSchema } from '../../src/schema/validate.ts';
import { build, Desk, launcher } from './run.ts';

let desk: Desk;
beforeAll(build, 120_000);
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.remove());

it('are all compiled when the tool is built', async () => {
  const dist = join(launcher, '../../dist/cli');
  const text = readdirSync(dist).map((file) => readFileSync(join(dist, file), 'utf8'));
  const registry = text.find((code) => /built = \{/.test(code)) ?? '';
  const names = Object.keys(await allSchemas());
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) expect(registry).toContain(JSON.stringify(name));
});

const wrong = `schema: snowfence.fleet/v1
hosts:
  - { name: a, adress: 'ssh://x', port: 99999 }
  - 7
notify:
  sinks:
    hook: { kind: webhook, url: 'gopher://x', secrets: 'env:X' }
    mail: { kind: email, host: h, from: me, to: [] }
`;

/** With the lines of Node about each module that it requires: ajv's are such. */
function check(file: string) {
  const env = { ...desk.env, NODE_DEBUG: 'module' };
  const { stderr, status } = spawnSync(process.execPath, [launcher, 'config', 'check', file], {
    env,
    encoding: 'utf8',
  });
  const lines = stderr.split('\n');
  const loads = lines.filter((line) => /^MODULE \d+:/.test(line));
  return { status, loads, said: lines.filter((line) => !loads.includes(line)).join('\n') };
}

it('need no compiler at run time, and say the same', async () => {
  const file = desk.write('fleet.yaml', wrong);
  const { status, loads, said } = check(file);
  expect(status).toBe(2);
  expect(loads.length).toBeGreaterThan(0);
  expect(loads.filter((line) => line.includes('ajv'))).toEqual([]);
  const schemas = await allSchemas();
  const mistakes = async (name: string, document: object) =>
    (await compileSchema(schemas[name] as object, undefined))(document).map(({ message }) => message);
  const fleet = await mistakes('urn:snowfence:schema:fleet:v1', {
    schema: 'snowfence.fleet/v1',
    hosts: [{ name: 'a', adress: 'ssh://x', port: 99999 }, 7],
  });
  expect(fleet.length).toBeGreaterThan(3);
  for (const message of fleet) expect(said).toContain(message);
});

it('of sinks need none either', async () => {
  const right = wrong.replace(/hosts:[\s\S]*notify/, 'hosts: [ssh://a]\nnotify');
  const { status, loads, said } = check(desk.write('fleet.yaml', right));
  expect([status, loads.filter((line) => line.includes('ajv'))]).toEqual([2, []]);
  const schemas = await allSchemas();
  for (const [kind, settings] of [
    ['webhook', { url: 'gopher://x', secrets: 'env:X' }],
    ['email', { host: 'h', from: 'me', to: [] }],
  ] as const) {
    const mistakes = (await compileSchema(schemas[`sink ${kind}`] as object))(settings);
    expect(mistakes.length).toBeGreaterThan(0);
    for (const { message } of mistakes) expect(said).toContain(message);
  }
});
