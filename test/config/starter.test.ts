import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { checkFleet } from '../../src/app/configuring/check.ts';
import { loadPolicies } from '../../src/app/policies.ts';
import { type Answers, answersOf, type InitFlags } from '../../src/cli/init/answers.ts';
import { parseText } from '../../src/config/document.ts';
import { starterFleet, starterPolicy } from '../../src/config/starter.ts';
import { instancesOfFleet } from '../../src/inventory/file/inventory.ts';
import { type FleetFile, fleetSchema } from '../../src/schema/fleet.ts';
import { compileSchema } from '../../src/schema/validate.ts';

const dir = mkdtempSync(join(tmpdir(), 'snowfence-starter-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, 'fleet.yaml');
const validate = await compileSchema(fleetSchema);

const bare: InitFlags = { host: ['web-1'], identity: [], notify: [] };
const sinks = ['slack=env:SLACK', 'pagerduty=file:/k', 'alertmanager=http://127.0.0.1:9093', 'syslog=logs', 'file=n'];

/** Every way in which a question can be answered, with every answer of the others left alone, and all of them at once. */
const ways: [string, Partial<InitFlags>][] = [
  ['nothing but a host', {}],
  ['several hosts', { host: ['web-1', 'ssh://root@10.0.0.5:2222', 'ssm://i-0abc?region=eu-west-1', 'docker://web'] }],
  ['hosts in one word', { host: ['web-1, web-2 web-3'] }],
  ['a user', { user: 'scanner' }],
  ['no sudo', { user: 'scanner', sudo: false }],
  ['keys', { identity: ['key', '~/.ssh/id', '/etc/key with space'] }],
  ['names that YAML takes for something else', { group: '1e3', image: 'null', user: 'yes', host: ['0x10', 'no', '~'] }],
  ...['nightly', 'hourly', 'weekly', 'none', '*/5 4 * JAN-MAR 1,2'].map((schedule): [string, Partial<InitFlags>] => [
    `the schedule ${schedule}`,
    { schedule },
  ]),
  ...sinks.map((sink): [string, Partial<InitFlags>] => [`the sink ${sink}`, { notify: [sink] }]),
  ['all sinks', { notify: sinks, user: 'scanner', schedule: 'nightly', identity: ['k'], source: 'rootfs:/x' }],
];

describe('the fleet file that init writes', () => {
  it.each(ways)('is valid and says what was asked for: %s', async (_, flags) => {
    const answers = await answersOf({ ...bare, ...flags });
    writeFileSync(file, starterFleet(answers));
    const { fleet } = await checkFleet(file);
    says(fleet, answers);
    expect(Object.keys(fleet.notify?.sinks ?? {})).toEqual((flags.notify ?? []).map((one) => one.split('=')[0]));
    const uncommented = readFileSync(file, 'utf8').replaceAll(/^ *#.*\n/gm, '');
    expect(parseText<FleetFile>(uncommented, file, 'fleet file', validate)).toEqual(fleet);
  });

  it('keeps any name that the questions take', async () => {
    const word = fc.stringMatching(/^[A-Za-z0-9._:#&*!|>'"%@`{}[\],-]{1,12}$/);
    const property = fc.asyncProperty(word, word, async (user, image) => {
      const answers = await answersOf({ ...bare, image, ...(/[@:]/.test(user) ? {} : { user }) });
      const fleet = parseText<FleetFile>(starterFleet(answers), file, 'fleet file', validate);
      expect([fleet.defaults?.user, fleet.groups?.['servers']?.image]).toEqual([answers.user, image]);
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it('has a comment for what was not asked for, which is valid too', async () => {
    const text = starterFleet(await answersOf(bare));
    const open = text
      .replaceAll(/^( *)# (user|identityFiles|notify| {2}sinks| {4}chat|- \{)/gm, '$1$2')
      .replaceAll(/^ {6}(- \{)/gm, '      $1');
    const fleet = parseText<FleetFile>(open, file, 'fleet file', validate);
    expect(fleet.defaults?.user).toBe('scanner');
    expect(fleet.notify?.sinks['chat']?.kind).toBe('slack');
    expect(fleet.groups?.['servers']?.hosts).toHaveLength(2);
  });
});

function says(fleet: FleetFile, { hosts, group, image, user, sudo, identityFiles }: Answers): void {
  expect(Object.keys(fleet.groups ?? {})).toEqual([group]);
  expect(fleet.groups?.[group]).toMatchObject({ hosts, image });
  expect(fleet.defaults).toMatchObject({ sudo, ...(user === undefined ? {} : { user }) });
  expect(fleet.defaults?.identityFiles ?? []).toEqual(identityFiles);
  for (const instance of instancesOfFleet(fleet, file)) expect(instance).toMatchObject({ group, image });
}

describe('the policy file that init writes', () => {
  it('is valid, and so are its comments', async () => {
    const path = join(dir, 'policy.yaml');
    const open = starterPolicy.replaceAll(/: \[\]$/gm, ':').replaceAll(/^#( {2})/gm, '$1');
    for (const [text, rules, waivers] of [
      [starterPolicy, 0, 0],
      [open, 2, 1],
    ] as const) {
      writeFileSync(path, text);
      const { policy } = (await loadPolicies([path])).policies[0] ?? {};
      expect([policy?.name, policy?.rules?.length, policy?.waivers?.length]).toEqual(['ours', rules, waivers]);
    }
  });
});
