import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answersOf, type InitFlags } from '../../src/cli/init/answers.ts';
import { askFor } from '../../src/cli/init/ask.ts';
import { build, Desk } from './run.ts';

let desk: Desk;
beforeAll(build, 120_000);
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.remove());

const names = () => readdirSync(desk.path, { recursive: true, encoding: 'utf8' }).sort();

describe('init without a terminal', () => {
  it('needs to be told whom to scan', async () => {
    for (const args of [['init'], ['init', '--yes'], ['init', 'fleet', '--image', 'web:1']]) {
      const { code, stdout, stderr } = await desk.run(...args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('name servers: snowfence init --host web-1');
    }
    expect(names()).toEqual([]);
  });

  it('writes both files and says what to do next, every command of which is one', async () => {
    const { code, stdout, stderr } = await desk.run('init', 'my fleet', '--host', 'web-1', '--schedule', 'nightly');
    expect([code, stderr]).toEqual([0, 'wrote my fleet/fleet.yaml\nwrote my fleet/policy.yaml\n']);
    expect(names()).toEqual([
      'my fleet',
      ...['fleet.yaml', 'policy.yaml', 'reports'].map((name) => `my fleet/${name}`),
    ]);
    expect((await desk.run('config', 'check', 'my fleet/fleet.yaml')).stdout).toMatch(/is valid: 1 instance,/);
    const commands = [...stdout.matchAll(/^ {2}(snowfence .*)$/gm)].map(([, line = '']) => line);
    expect(commands.length).toBeGreaterThanOrEqual(5);
    for (const line of commands) expect([line, (await desk.shell(`${line} --help`)).code]).toEqual([line, 0]);
    const printed = await desk.run('schedule', 'print', '--cron', '--inventory', 'my fleet/fleet.yaml');
    expect([printed.code, printed.stdout]).toEqual([0, expect.stringMatching(/^17 3 \* \* \* .*nightly/m)]);
  });

  it('overwrites nothing, unless it may, and then keeps what was there', async () => {
    const old = desk.write('fleet.yaml', 'hosts: [mine]\n');
    const refused = await desk.run('init', '--host', 'web-1');
    expect([refused.code, readFileSync(old, 'utf8'), names()]).toEqual([2, 'hosts: [mine]\n', ['fleet.yaml']]);
    expect(refused.stderr).toContain('fleet.yaml is there already');
    for (const [host, kept] of [
      ['web-1', 'fleet.yaml.bak'],
      ['web-2', 'fleet.yaml.bak2'],
    ] as const) {
      const before = readFileSync(old, 'utf8');
      expect((await desk.run('init', '--host', host, '--force')).stderr).toContain(`kept what was there as ${kept}\n`);
      expect(readFileSync(join(desk.path, kept), 'utf8')).toBe(before);
      expect(readFileSync(old, 'utf8')).toContain(`- ${host}\n`);
    }
  });

  it.each([
    [['--host', 'telnet://x'], 'unknown kind of instance'],
    [['--host', 'web-*'], 'no "Host" of your OpenSSH configuration fits web-*'],
    [['--host', 'a', '--host', 'a'], '"a" is named twice'],
    [['--host', 'a', '--group', '../x'], 'the group is "../x"'],
    [['--host', 'a', '--schedule', '@fortnightly'], 'the schedule "@fortnightly"'],
    [['--host', 'a', '--notify', 'slack=https://hooks.example/secret'], 'not given by reference'],
    [['--host', 'a', '--notify', 'email=me'], 'slack=env:NAME'],
    [['--host', 'a', '--source', 'ftp://x'], 'unknown kind'],
  ])('refuses %j and leaves nothing behind', async (args, said) => {
    const { code, stderr } = await desk.run('init', 'new/fleet', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('hooks.example');
    expect(names()).toEqual([]);
  });

  it('leaves nothing behind where it cannot write', async () => {
    desk.write('file', '');
    const { code, stderr } = await desk.run('init', 'file/fleet', '--host', 'a');
    expect([code, names()]).toEqual([2, ['file']]);
    expect(stderr).toContain('cannot write file/fleet');
  });

  it('takes the names of the OpenSSH configuration that a pattern fits', async () => {
    desk.write('.ssh/more', 'Host web-2 db-1\n  User x\n');
    desk.write('.ssh/config', 'Include more\nHost web-1 *.example !web-9\n  User root\nHost *\n  Port 22\n');
    await desk.run('init', '--host', 'web-*');
    expect(readFileSync(join(desk.path, 'fleet.yaml'), 'utf8')).toMatch(/hosts:\n {6}- web-1\n {6}- web-2\n {6}#/);
  });

  it('goes the first steps: preflight, manifest, scan', async () => {
    for (const root of ['image', 'web-1', 'web-2']) {
      mkdirSync(join(desk.path, root, 'etc'), { recursive: true });
      writeFileSync(join(desk.path, root, 'etc/motd'), 'welcome\n');
    }
    writeFileSync(join(desk.path, 'web-2/etc/motd'), 'by hand\n');
    const hosts = ['web-1', 'web-2'].flatMap((name) => ['--host', `rootfs:${desk.path}/${name}`]);
    const source = ['--source', `rootfs:${desk.path}/image`, '--image', 'web:1'];
    const { code, stdout, stderr } = await desk.run('init', 'fleet', ...hosts, ...source, '--yes');
    const said = [...stderr.matchAll(/^> snowfence (\S+)/gm)].map(([, command]) => command);
    expect([code, said]).toEqual([1, ['doctor', 'manifest', 'scan']]);
    expect(stdout).toContain('/etc/motd');
    const report = JSON.parse(readFileSync(join(desk.path, 'fleet/reports/last.json'), 'utf8'));
    expect(report.instances.map((one: { image: { ref: string } }) => one.image.ref)).toEqual(['web:1', 'web:1']);
    expect((await desk.run('history', 'list')).stdout.trim().split('\n').length).toBeGreaterThanOrEqual(1);
    expect((await desk.run('init', 'fleet2', ...hosts, '--source', 'rootfs:/nowhere', '--yes')).code).toBe(2);
  });
});

describe('init on a terminal', () => {
  const bare: InitFlags = { host: [], identity: [], notify: [] };
  const asked = async (flags: InitFlags, answers: string[]) => {
    const questions: string[] = [];
    const said: string[] = [];
    const left = [...answers];
    const ask = async (question: string, enter: string) => {
      questions.push(`${question} [${enter}]`);
      const answer = left.shift();
      if (answer === undefined) throw new Error(`nobody answers: ${question}`);
      return answer || enter;
    };
    const full = await askFor(flags, ask, (line) => said.push(line));
    return { questions, said, left, answers: await answersOf(full) };
  };

  it('is content with Enter but for the servers', async () => {
    const { answers, questions } = await asked(bare, ['web-1 web-2', '', '', '', '', '', '', '', '']);
    expect(questions).toHaveLength(9);
    expect(answers).toEqual(await answersOf({ ...bare, host: ['web-1', 'web-2'] }));
  });

  it('explains what cannot be, and asks again', async () => {
    const typed = [
      '',
      'gopher://x',
      'web-1',
      '-',
      'web',
      'a b',
      'scanner',
      'perhaps',
      '',
      'web:42',
      'ftp://x',
      'rootfs:/i',
    ];
    const { answers, said } = await asked(bare, [...typed, '', 'often', 'nightly', 'slack', 'file=n']);
    expect(said).toHaveLength(8);
    for (const line of said) expect(line).toMatch(/^ {2}\S.*: .*\S/);
    expect(answers).toMatchObject({ hosts: ['web-1'], group: 'web', user: 'scanner', sudo: true, image: 'web:42' });
    expect(answers).toMatchObject({
      source: 'rootfs:/i',
      job: { name: 'nightly', cron: '17 3 * * *' },
      sinks: { file: { kind: 'file', path: 'n' } },
    });
  });

  it('asks only for what no flag says', async () => {
    const flags = { host: ['a'], group: 'web', user: '', sudo: false, image: 'web:1', source: 'later', reports: 'r' };
    const { questions } = await asked({ ...bare, ...flags, schedule: 'none', notify: ['file=x'] }, []);
    expect(questions).toEqual([]);
  });
});
