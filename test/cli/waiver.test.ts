import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cases } from '../report/reports.ts';
import { build, Desk } from './run.ts';

describe('snowfence waiver', () => {
  let desk: Desk;
  let report: string;
  const finding = cases['odd']?.instances.flatMap((one) => one.findings).find((one) => one.disposition === 'drift');
  const id = finding?.id ?? '';
  const say = ['--owner', 'ops', '--reason', 'until web:43 is out'];
  beforeAll(build, 120_000);
  beforeEach(() => {
    desk = new Desk();
    report = desk.write('report.json', JSON.stringify(cases['odd']));
  });
  afterEach(() => desk.remove());
  const add = (...more: string[]) => desk.run('waiver', 'add', id, ...say, '--report', report, ...more);
  const file = () => readFileSync(join(desk.path, 'waivers.yaml'), 'utf8');

  it('add writes what a scan honours, list shows where it stands, expire ends it and keeps the record', async () => {
    const added = await add('--expires', '30d', '--ticket', 'OPS-7');
    expect(added).toMatchObject({ code: 0 });
    expect(added.stdout).toContain('is waived until');
    expect(added.stderr).toContain('snowfence scan --policy waivers.yaml');
    expect(file()).toContain(`finding: ${id}`);
    expect((await desk.run('policy', 'check', 'waivers.yaml')).stdout).toBe('1 policy file is valid: 1 rules\n');
    expect((await desk.run('waiver', 'list')).stdout).toMatch(/^active .*ops, OPS-7: until web:43 is out$/m);
    const name = /waiver\/[0-9a-f]+/.exec(file())?.[0] ?? '';
    expect(await desk.run('waiver', 'expire', name)).toMatchObject({ code: 0, stdout: `${name} has expired\n` });
    expect((await desk.run('waiver', 'list')).stdout).toMatch(/^expired /m);
    const [row] = JSON.parse((await desk.run('waiver', 'list', '--json')).stdout);
    expect(row).toMatchObject({ id: name, state: 'expired', owner: 'ops', ticket: 'OPS-7', file: 'waivers.yaml' });
  });

  it('keeps what a person wrote into the file', async () => {
    desk.write(
      'waivers.yaml',
      '# ours\nschema: snowfence.policy/v1\nname: w # mine\nwaivers:\n  # about the motd\n  - { id: w/motd, owner: ops, reason: it is a greeting, expires: 2099-01-01T00:00:00Z }\n',
    );
    expect(await add('--expires', '14d')).toMatchObject({ code: 0 });
    for (const kept of ['# ours', '# mine', '# about the motd', 'id: w/motd']) expect(file()).toContain(kept);
    expect((await desk.run('waiver', 'list')).stdout.trim().split('\n')).toHaveLength(2);
  });

  it('for all of an image names kind and subject', async () => {
    expect(await add('--expires', '2099-01-31', '--scope', 'image')).toMatchObject({ code: 0 });
    expect(file()).toContain('kinds:');
    expect(file()).toContain('expires: 2099-01-31T00:00:00.000Z');
  });

  it.each([
    ['14', 'is no time at which a waiver can end'],
    ['2020-01-01', 'is past'],
    ['2027-01-31T18:00:00', 'is no time at which a waiver can end'],
    ['31.12.2027', 'write 14d, 2027-01-31'],
  ])('refuses to end at %s, and writes nothing', async (expires, said) => {
    const { code, stderr } = await add('--expires', expires);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
    expect(() => file()).toThrow();
  });

  it('refuses a reason that its own reader would refuse, and writes nothing', async () => {
    const ended = await desk.run(
      'waiver',
      'add',
      id,
      '--owner',
      'ops',
      '--reason',
      't',
      '--expires',
      '14d',
      '--report',
      report,
    );
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('the reason "t" says too little') });
    expect(() => file()).toThrow();
  });

  it('refuses a second one for the same, an unknown finding, and a file with mistakes', async () => {
    await add('--expires', '14d');
    expect(await add('--expires', '14d')).toMatchObject({ code: 2, stderr: expect.stringContaining('already') });
    const unknown = await desk.run('waiver', 'add', 'sf-none', ...say, '--expires', '1d', '--report', report);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('no finding "sf-none"') });
    desk.write('bad.yaml', 'schema: snowfence.policy/v1\nname: w\nwaivers: [{ id: w }]\n');
    const bad = await add('--expires', '14d', '--file', 'bad.yaml');
    expect(bad.code).toBe(2);
    expect(bad.stderr).toMatch(/bad\.yaml:3:\d+/);
    expect(await desk.run('waiver', 'expire', 'w/none')).toMatchObject({ code: 2 });
  });

  it('a zone that does not exist is a mistake of the policy', async () => {
    desk.write(
      'z.yaml',
      'schema: snowfence.policy/v1\nname: w\nwaivers:\n  - { id: w/z, owner: ops, reason: only at night please, expires: 2099-01-01T00:00:00Z, windows: [{ from: "02:00", to: "04:00", zone: Mars/Olympus }] }\n',
    );
    expect(await desk.run('policy', 'check', 'z.yaml')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"Mars/Olympus" is no time zone'),
    });
  });
});
