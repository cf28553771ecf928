import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consoleOf, missing, type Shown } from '../cli/console.ts';
import { build, Desk } from '../cli/run.ts';
import { root } from '../house/rooms.ts';
import { must, run } from './exec.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';

/** The names that the README gives servers. */
const names = ['web-1', 'web-2', 'golden'];

/** A newcomer has nothing but the README, Node, npm and three servers in the OpenSSH configuration. */
describeLab('the first hour of a newcomer, by the README', () => {
  const desk = new Desk();
  const steps: Shown[] = consoleOf(readFileSync(join(root, 'README.md'), 'utf8'), 'First hour');
  let fleet: Fleet;

  beforeAll(async () => {
    build();
    fleet = await startFleet(await labImage(), names.length, { prefix: 'web' });
    const hosts = names.map((name, i) => `Host ${name}\n  HostName ${fleet.instances[i]?.address}\n`);
    const all = `Host *\n  IdentityFile ${fleet.keyFile}\n  UserKnownHostsFile ${fleet.knownHosts}\n`;
    desk.write('.ssh/config', `${hosts.join('')}${all}`);
    mkdirSync(join(desk.path, 'prefix'));
  });
  afterAll(async () => {
    await fleet?.stop();
    desk.remove();
  });

  /** Runs a line of the README. `npm` runs in the repository, as the README says; everything else where the newcomer is. */
  function type(line: string) {
    const npm = line.startsWith('npm ');
    const env = {
      ...(desk.env as Record<string, string>),
      PATH: `${join(desk.path, 'prefix/bin')}:${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
      npm_config_prefix: join(desk.path, 'prefix'),
      npm_config_pack_destination: desk.path,
      // OpenSSH looks for its configuration where the account lives, not in HOME.
      BASH_ENV: desk.write('.bashrc', `ssh() { command ssh -F "$HOME/.ssh/config" "$@"; }\n`),
    };
    const cwd = line.startsWith('npm pack') ? root : desk.path;
    return run('bash', ['-c', `{ ${line}\n} 2>&1`], {
      env: npm ? ({ ...process.env, ...env, HOME: process.env['HOME'] ?? '' } as Record<string, string>) : env,
      cwd,
    });
  }

  it('works line by line, and prints what the README says', async () => {
    const commands = steps.map(({ command }) => command);
    for (const word of ['npm install', 'init', 'audit', 'report', 'notify test', 'schedule print'])
      expect(commands.filter((command) => command.includes(word)).length).toBeGreaterThan(0);
    for (const { command, output } of steps) {
      const { code, stdout } = await type(command);
      // 1 = findings, which is what there is to be found.
      expect([command, stdout, code <= 1]).toEqual([command, stdout, true]);
      if (process.env['SHOW_NEWCOMER']) process.stderr.write(`$ ${command}\n${stdout}\n`);
      expect([command, output.length === 0 ? undefined : missing(output, stdout), stdout]).toEqual([
        command,
        undefined,
        stdout,
      ]);
    }
  }, 240_000);

  it('leaves a file that a machine can read, and a manual', async () => {
    const report = JSON.parse(readFileSync(join(desk.path, 'fleet/reports/last.json'), 'utf8'));
    const verdicts = report.instances.map(({ name, verdict }: Record<string, string>) => `${name} ${verdict}`);
    expect(verdicts.sort()).toEqual(['web-1 clean', 'web-2 snowflake']);
    const told = readFileSync(join(desk.path, 'fleet/notifications.ndjson'), 'utf8').trim().split('\n');
    expect(told.map((line) => JSON.parse(line).kind)).toEqual(['transitions', 'test']);
    const page = await must('man', ['-M', join(desk.path, 'prefix/share/man'), '-w', 'snowfence']);
    expect(page).toContain('lib/node_modules/snowfence/docs/snowfence.1');
  });
}, ['npm', 'man']);
