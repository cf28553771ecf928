import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { drifted, finding, hostile, report } from '../tui/make.ts';
import { run } from './exec.ts';
import { type Fleet, type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { Replacer } from './replacer.ts';
import { describeLab } from './require.ts';
import { Desk, SNOWFENCE, snowfence } from './scanning.ts';
import { Terminal } from './tmux.ts';

const DRIFT = 'printf "#!/bin/sh\\n" >/usr/bin/fix-it; chmod 755 /usr/bin/fix-it';

/** The audit as a person has it: a real terminal, real servers, keys in and screen out. */
describeLab('the audit in a terminal', () => {
  let desk: Desk;
  let fleet: Fleet;
  let replacer: Replacer;
  let inventory: string;
  beforeAll(async () => {
    desk = await Desk.open();
    const image = await labImage();
    fleet = await startFleet(image, 3);
    replacer = await Replacer.start(fleet, desk);
    const hosts = fleet.instances.map(({ name, address, port }) => ({
      address: `ssh://root@${address}:${port}`,
      name,
    }));
    const reach = {
      ...{ manifest: await desk.manifest(image), identityFiles: [fleet.keyFile], knownHosts: [fleet.knownHosts] },
      sshConfig: '/dev/null',
    };
    const replace = {
      driver: 'command',
      drivers: { command: { start: replacer.program, poll: replacer.program } },
      guard: {
        ...{ allowGroups: ['web'], minAgeMinutes: 0, cooldownMinutes: 0, minHealthyPercent: 0 },
        total: { maxCount: 2, maxPercent: 100 },
      },
      verify: { everySeconds: 0.2, upSeconds: 60 },
    };
    inventory = await desk.file('fleet.yaml', JSON.stringify({ groups: { web: { ...reach, hosts } }, replace }));
    expect((await of(1).run(DRIFT)).code).toBe(0);
  });
  afterAll(async () => {
    await replacer[Symbol.asyncDispose]();
    await fleet.stop();
    await desk[Symbol.asyncDispose]();
  });

  const of = (i: number) => fleet.instances[i] as LabInstance;
  const store = () => ['--store', join(desk.dir, 'store.db')];
  const command = (...args: string[]) =>
    `cd ${desk.dir} && clear && ${process.execPath} ${SNOWFENCE} audit ${[...args, ...store()].join(' ')}; echo ended:$?`;

  const pidOfAudit = async () =>
    Number((await run('pgrep', ['-n', '-f', `${SNOWFENCE} audit --last ${store().join(' ')}`])).stdout);

  async function audit(terminal: Terminal, ...args: string[]): Promise<void> {
    await terminal.type(command(...args));
    await terminal.keys('Enter');
  }

  it('scans while one watches, is browsed, filtered and resized, copies, exports, waives, and gives the screen back', async () => {
    await using terminal = await Terminal.open(100, 30, { CI: 'true' });
    await audit(terminal, '--inventory', inventory);
    // Phases first, then the verdicts.
    await terminal.until(/connecting|reading|waiting|files hashed/);
    const fleetScreen = await terminal.until(new RegExp(`${of(1).name} +snowflake`));
    expect(fleetScreen).toMatch(new RegExp(`${of(0).name} +clean`));
    expect(await terminal.modes()).toBe('1 0');
    await terminal.keys('Enter');
    await terminal.until('/usr/bin/fix-it');
    await terminal.keys('Enter');
    await terminal.until('snowfence policy explain sf-');
    await terminal.keys('y');
    await terminal.until('copied: /usr/bin/fix-it');
    expect(await terminal.clipboard()).toBe('/usr/bin/fix-it');
    expect(await terminal.colours()).toMatch(/\u001b\[[0-9;]*31m/);

    await terminal.resize(60, 20);
    await terminal.until(/^ {13}[0-9a-f]+$/m);
    expect((await terminal.screen()).trimEnd().split('\n')).toHaveLength(20);
    await terminal.resize(200, 50);
    await terminal.keys('Escape');
    const wide = await terminal.until('│');
    expect(wide).toContain('about it');

    await terminal.keys('w');
    await terminal.until('who answers for it');
    await terminal.keys('C-u');
    await terminal.type('ops');
    await terminal.keys('Tab');
    await terminal.type('until the next image is out');
    await terminal.keys('C-s');
    await terminal.until('in force with --policy waivers.yaml');
    const waivers = readFileSync(join(desk.dir, 'waivers.yaml'), 'utf8');
    expect(waivers).toContain('until the next image is out');
    expect((await snowfence(['policy', 'check', join(desk.dir, 'waivers.yaml')])).code).toBe(0);

    await terminal.keys('e');
    await terminal.keys('C-u');
    await terminal.type('out.json');
    await terminal.keys('Enter');
    await terminal.until('written to out.json as json');
    const written = JSON.parse(readFileSync(join(desk.dir, 'out.json'), 'utf8')) as Report;
    expect(written.summary.instances).toMatchObject({ snowflake: 1, clean: 2 });

    await terminal.keys('Escape');
    await terminal.keys('/');
    await terminal.type(of(2).name);
    await terminal.until('1 of 3');
    await terminal.keys('Escape');
    await terminal.keys('q');
    const after = await terminal.until('ended:0');
    expect(await terminal.modes()).toBe('0 1');
    expect(after).not.toContain('snowflake');
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ])('%s gives the screen back and ends with %i', async (signal, code) => {
    await using terminal = await Terminal.open(80, 24);
    await audit(terminal, '--last');
    await terminal.until('snowflake');
    process.kill(await pidOfAudit(), signal);
    const after = await terminal.until(`ended:${code}`);
    expect(await terminal.modes()).toBe('0 1');
    expect(after).not.toContain('snowflake');
  });

  it.each([60, 130, 250])('hostile names leave the screen of %i columns as it is', async (columns) => {
    const bad = finding('x', { subject: hostile, reason: hostile, diff: `+${hostile}`, after: { [hostile]: hostile } });
    const nodes = [drifted('web-1', [bad], { score: 99 }), drifted(hostile, [bad]), drifted('漢字🙂e\u0301', [bad])];
    const file = await desk.file('hostile.json', JSON.stringify(report(nodes)));
    await using terminal = await Terminal.open(columns, 30, { LC_ALL: 'C.UTF-8' });
    await audit(terminal, '--report', file);
    // The first two have something beside their list where there is room: the edge between is one straight line.
    const screens = [
      [/fleet +report/, 1],
      [/fleet › web-1 +report/, 1],
      [/web-1 › f/, 0],
    ] as const;
    for (const [shown, edge] of screens) {
      const lines = (await terminal.until(shown)).split('\n');
      expect(lines.join('\n')).toContain('\\x1b[');
      const edges = lines.flatMap((line) => (line.includes(' │') ? [stringWidth(line.split(' │')[0] ?? '')] : []));
      expect(new Set(edges).size).toBe(columns >= 120 ? edge : 0);
      await terminal.keys('Enter');
    }
    await terminal.keys('q');
    await terminal.until('ended:0');
  });

  it('a fault of ours gives the screen back, and is told there', async () => {
    await using terminal = await Terminal.open(80, 24, { NO_COLOR: '1' });
    const planted = "process.on('SIGUSR2',()=>{throw(Error('planted'))})";
    await terminal.type(`export NODE_OPTIONS="--import data:text/javascript,${planted}"; ${command('--last')}`);
    await terminal.keys('Enter');
    await terminal.until('snowflake');
    expect(await terminal.colours()).not.toMatch(/\u001b\[[0-9;]*3[1-6]m/);
    process.kill(await pidOfAudit(), 'SIGUSR2');
    const after = await terminal.until('ended:70');
    expect(after).toContain('this is a bug');
    expect(after).toContain('planted');
    expect(await terminal.modes()).toBe('0 1');
  });

  it('replaces what was marked, approved by the digest, and the fleet is clean', async () => {
    await using terminal = await Terminal.open(110, 40);
    await audit(terminal, '--last', '--inventory', inventory);
    await terminal.until(new RegExp(`${of(1).name} +snowflake`));
    await terminal.keys('Space', 'p');
    const planned = await terminal.until('would replace 1');
    const [, digest = ''] = /sha256:([0-9a-f]{64})/.exec(planned) ?? [];
    expect(replacer.replaced).toEqual([]);
    await terminal.keys('a');
    await terminal.type('000000');
    await terminal.keys('Enter');
    await terminal.until('nothing was done');
    expect(replacer.replaced).toEqual([]);
    await terminal.keys('a');
    await terminal.type(digest.slice(0, 6));
    await terminal.keys('Enter');
    await terminal.until(/run [0-9a-f]{8}: done/);
    expect(await terminal.screen()).toContain('verify done');
    expect(replacer.replaced).toEqual([of(1).name]);
    await terminal.keys('R');
    await terminal.until(/7 clean 3/);
    await terminal.keys('q');
    await terminal.until('ended:0');
  });

  it('without a terminal it says what to use instead; in lines it does the same work', async () => {
    const piped = await snowfence(['audit', '--last', ...store()]);
    expect(piped.code).toBe(2);
    expect(piped.stderr).toContain('snowfence audit --plain');
    expect(piped.stderr).toContain('snowfence scan');
    const input = `show ${of(1).name}\nfinding 1\nexport ${join(desk.dir, 'plain.txt')}\nquit\n`;
    const args = [SNOWFENCE, 'audit', '--plain', '--scan', 'last', ...store()];
    const { stdout, code } = await run(process.execPath, args, { input });
    expect(code).toBe(0);
    expect(stdout).toContain(`${of(1).name}: `);
    expect(stdout).not.toMatch(/[\u001b\u2500-\u259f]/);
    expect(existsSync(join(desk.dir, 'plain.txt'))).toBe(true);
  });

  it('Ctrl-C ends it, also in the middle of a scan, with 130', async () => {
    await using terminal = await Terminal.open(80, 24);
    await audit(terminal, '--inventory', inventory);
    await terminal.until(/of 3 read/);
    await terminal.keys('C-c');
    await terminal.until('ended:130');
    expect(await terminal.modes()).toBe('0 1');
  });
}, ['tmux', 'pgrep']);
