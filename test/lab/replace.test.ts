import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isLive } from '../../src/core/finding.ts';
import { type JournalRow, type ReplacePlan, type RunRow, type Step, steps } from '../../src/core/replacement.ts';
import type { Report } from '../../src/core/report.ts';
import type { CommandResult } from './exec.ts';
import { type Fleet, type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { Replacer } from './replacer.ts';
import { describeLab } from './require.ts';
import { Desk, SNOWFENCE, snowfence } from './scanning.ts';

const DRIFT = 'printf "#!/bin/sh\\n" >/usr/bin/fix-it; chmod 755 /usr/bin/fix-it';

/** The whole loop through the command line: drift, scan, plan, approve, replace, look again, clean, recorded. */
describeLab('replacing', () => {
  let desk: Desk;
  let fleet: Fleet;
  let replacer: Replacer;
  let manifest: string;
  beforeEach(async ({ task }) => {
    desk = await Desk.open();
    const image = await labImage();
    // For those that are killed four will do: there are six of them.
    fleet = await startFleet(image, task.name.startsWith('killed') ? 4 : 10);
    replacer = await Replacer.start(fleet, desk);
    manifest = await desk.manifest(image);
  });
  afterEach(async () => {
    await replacer[Symbol.asyncDispose]();
    await fleet.stop();
    await desk[Symbol.asyncDispose]();
  });

  const of = (i: number) => fleet.instances[i] as LabInstance;
  const store = () => ['--store', join(desk.dir, 'store.db')];

  /** The fleet file with a section `replace`: everything by the provider of this test, and hooks that it hears. */
  async function inventory(replace: object, labels: Record<string, object> = {}, more = {}): Promise<string> {
    const hosts = fleet.instances.map(({ name, address, port }) => ({
      ...{ address: `ssh://root@${address}:${port}`, name, labels: labels[name] ?? {} },
    }));
    const reach = { manifest, identityFiles: [fleet.keyFile], knownHosts: [fleet.knownHosts], sshConfig: '/dev/null' };
    const defaults = {
      driver: 'command',
      drivers: { command: { start: replacer.program, poll: replacer.program } },
      hooks: { drain: { command: replacer.program }, after: { command: replacer.program } },
      verify: { everySeconds: 0.2, upSeconds: 60 },
    };
    const file = { groups: { web: { ...reach, hosts } }, replace: { ...defaults, ...replace }, ...more };
    return desk.file('fleet.yaml', JSON.stringify(file));
  }

  const guard = {
    allowGroups: ['web'],
    minAgeMinutes: 0,
    cooldownMinutes: 0,
    total: { maxCount: 4, maxPercent: 40, parallel: 2 },
    parallel: 2,
  };

  async function scan(file: string): Promise<Report> {
    const { stdout, stderr } = await snowfence([
      'scan',
      '--inventory',
      file,
      ...store(),
      '--format',
      'json',
      '--depth',
      'full',
    ]);
    expect(stderr).toBe('');
    return JSON.parse(stdout) as Report;
  }

  async function plan(file: string): Promise<{ plan: ReplacePlan; path: string; told: CommandResult }> {
    const path = join(desk.dir, 'plan.json');
    const told = await snowfence(['replace', 'plan', '--inventory', file, ...store(), '-o', path]);
    return { plan: JSON.parse(readFileSync(path, 'utf8')) as ReplacePlan, path, told };
  }

  const act = (verb: string, file: string, ...more: string[]) =>
    snowfence(['replace', verb, ...more, '--inventory', file, ...store()]);

  async function journal(): Promise<{ run: RunRow; rows: JournalRow[] }> {
    return JSON.parse((await snowfence(['replace', 'status', 'last', '--json', ...store()])).stdout);
  }

  it('replaces exactly those that drifted and hold no data, two at a time, verifies each, and the fleet is clean', async () => {
    for (const i of [2, 5, 7, 8]) expect((await of(i).run(DRIFT)).code).toBe(0);
    const file = await inventory({ guard }, { [of(8).name]: { stateful: 'true' } });
    const before = await scan(file);
    expect(before.summary.instances).toMatchObject({ snowflake: 4, clean: 6 });
    const { plan: made, path, told } = await plan(file);
    expect(told.code).toBe(0);
    expect(made.items.map(({ name }) => name)).toEqual([2, 5, 7].map((i) => of(i).name));
    expect(made.left).toEqual([{ instance: of(8).name, why: expect.stringContaining('its label says so') }]);
    // To plan asks nobody for anything.
    expect([replacer.replaced, replacer.told]).toEqual([[], []]);
    expect(told.stdout).toContain(`--approve ${made.digest}`);

    const wrong = await act('apply', file, '--plan', path, '--approve', `sha256:${'0'.repeat(64)}`);
    expect([wrong.code, replacer.replaced]).toEqual([4, []]);
    const policy = await desk.file('p.yaml', 'schema: snowfence.policy/v1\nname: other\n');
    const strange = await act('apply', file, '--plan', path, '--approve', made.digest, '--policy', policy);
    expect([strange.code, strange.stderr]).toEqual([4, expect.stringContaining('judged by another policy')]);
    const dry = await act('apply', file, '--plan', path, '--approve', made.digest, '--dry-run');
    expect([dry.code, dry.stdout, replacer.replaced]).toEqual([0, expect.stringContaining('3 would be replaced'), []]);

    const pids = fleet.instances.map(({ pid }) => pid);
    const applied = await act('apply', file, '--plan', path, '--approve', made.digest.slice(0, 7 + 12));
    expect([applied.code, applied.stdout]).toEqual([0, expect.stringContaining('3 of 3 replaced and verified')]);
    expect([...replacer.replaced].sort()).toEqual([2, 5, 7].map((i) => of(i).name));
    expect(replacer.replaced.slice(0, 2).sort()).toEqual([2, 5].map((i) => of(i).name));
    expect(replacer.mostAway).toBe(2);
    expect(fleet.instances.map(({ pid }, i) => pid !== pids[i])).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => [2, 5, 7].includes(i)),
    );

    const again = await act('apply', file, '--plan', path, '--approve', made.digest);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('this plan was begun already')]);
    const after = await scan(file);
    const unclean = after.instances.filter((one) => one.verdict !== 'clean');
    expect(unclean.map(({ name, gaps, findings }) => [name, gaps, findings.filter(isLive).length])).toEqual([
      [of(8).name, [], 1],
    ]);
    expect((await plan(file)).plan.items).toEqual([]);
    const status = (await snowfence(['replace', 'status', 'last', ...store()])).stdout;
    expect(status.match(/verify {3}done/g)).toHaveLength(3);
  });

  it('stops after the first new instance of an image that drifts too, and says to rebake it', async () => {
    for (const i of [1, 3, 4]) await of(i).run(DRIFT);
    const alerts = join(desk.dir, 'alerts');
    const notify = { sinks: { log: { kind: 'file', path: alerts } }, routes: [{ to: ['log'], severity: 'critical' }] };
    const file = await inventory({ guard: { ...guard, parallel: 1 } }, {}, { notify });
    await scan(file);
    const { plan: made, path } = await plan(file);
    replacer.atLaunch = (one) => one.run('echo "PermitRootLogin yes" >>/etc/ssh/sshd_config');
    const applied = await act('apply', file, '--plan', path, '--approve', made.digest);
    expect(replacer.replaced).toEqual([of(1).name]);
    expect(applied.code).toBe(4);
    expect(applied.stdout).toMatch(/failed at verify: the new instance is snowflake .*permitrootlogin/);
    expect(applied.stdout).toContain('Rebake it, or no other image of this group is known to have verified clean.');
    expect(applied.stdout).toContain(`left alone: ${of(3).name}, ${of(4).name}`);
    expect((await journal()).run.state).toBe('failed');
    const told = readFileSync(alerts, 'utf8').trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(told)).toMatchObject({
      counts: { new: 1 },
      items: [{ title: 'its replacement failed', severity: 'critical', instances: [{ name: of(1).name }] }],
    });
  });

  it('refuses the whole plan with its numbers, and does nothing', async () => {
    for (const i of [0, 1, 2]) await of(i).run(DRIFT);
    const file = await inventory({ guard: { ...guard, total: { maxCount: 2, maxPercent: 20 } } });
    await scan(file);
    const { plan: made, path, told } = await plan(file);
    expect(told.code).toBe(4);
    expect(told.stdout).toContain('guard.total.maxCount: 3 instances, at most 2 are allowed');
    expect(told.stdout).toContain('guard.total.maxPercent: 3 of 10 instances are 30 %, at most 20 % (2) are allowed');
    const applied = await act('apply', file, '--plan', path, '--approve', made.digest);
    expect([applied.code, applied.stderr]).toEqual([4, expect.stringContaining('the plan is refused as a whole')]);
    expect(replacer.replaced).toEqual([]);
    // A plan that was good is refused once the configuration is another, or the kill switch is set.
    const good = await inventory({ guard: { ...guard, killFile: 'stop' } });
    const { plan: second } = await plan(good);
    await desk.file('stop', '');
    const stopped = await act('apply', good, '--plan', path, '--approve', second.digest);
    expect([stopped.code, stopped.stderr]).toEqual([4, expect.stringContaining(`${join(desk.dir, 'stop')} exists`)]);
    rmSync(join(desk.dir, 'stop'));
    const changed = await inventory({ guard: { ...guard, killFile: 'stop', denyGroups: ['db'] } });
    const other = await act('apply', changed, '--plan', path, '--approve', second.digest);
    expect(other.stderr).toContain('the configuration of replacements was changed');
    expect(replacer.replaced).toEqual([]);
  });

  it('keeps evidence of one that was tampered with before anything else: facts, files, a signed list', async () => {
    await of(4).run(
      'printf evil >/usr/bin/helper; chmod 4755 /usr/bin/helper; rm -f /etc/ld.so.preload; ln -s /etc/shadow /etc/ld.so.preload',
    );
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const key = await desk.file('key.pem', String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
    const evidence = { directory: 'evidence', signingKey: `file:${key}` };
    const file = await inventory({
      guard,
      evidence,
      hooks: { evidence: { command: replacer.program }, drain: { command: replacer.program } },
    });
    await scan(file);
    const { plan: made, path } = await plan(file);
    expect(made.items).toMatchObject([{ name: of(4).name, evidence: true }]);
    const applied = await act('apply', file, '--plan', path, '--approve', made.digest);
    expect([applied.code, applied.stdout]).toEqual([0, expect.stringContaining('1 of 1 replaced')]);
    expect(replacer.told).toEqual([`evidence ${of(4).name}`, `drain ${of(4).name}`]);
    const { run } = await journal();
    const place = join(desk.dir, 'evidence', run.id, of(4).name);
    expect(readFileSync(join(place, 'files', 'usr+bin+helper'), 'utf8')).toBe('evil');
    // A link is not followed: what it points to is nobody's evidence.
    expect(readdirSync(join(place, 'files'))).not.toContain('etc+ld.so.preload');
    expect(readFileSync(join(place, 'NOTES'), 'utf8')).toContain('/etc/ld.so.preload: it is a link');
    const list = readFileSync(join(place, 'SHA256SUMS'));
    expect(verify(null, list, publicKey, readFileSync(join(place, 'SHA256SUMS.sig')))).toBe(true);
    for (const line of list.toString().trim().split('\n')) {
      const [digest = '', name = ''] = line.split('  ');
      expect(
        createHash('sha256')
          .update(readFileSync(join(place, name)))
          .digest('hex'),
      ).toBe(digest);
    }
    expect((await snowfence(['manifest', 'show', join(place, 'facts.manifest')])).stdout).toContain('evidence:');
    expect(JSON.parse(readFileSync(join(place, 'report.json'), 'utf8'))).toMatchObject({ name: of(4).name });
  });

  it.each<Step>([...steps])(
    'killed with kill -9 at %s goes on with resume, and replaces nothing twice',
    async (step) => {
      for (const i of [1, 3]) await of(i).run('printf evil >/usr/bin/helper; chmod 4755 /usr/bin/helper');
      const program = (name: string) => ({ command: [...replacer.program, name] });
      // The process above it is the command line: it gets no chance to write anything.
      const marker = join(desk.dir, 'killed');
      const killing = (argv: string[]) => [
        'sh',
        '-c',
        `[ -e ${marker} ] || { : >${marker}; kill -9 $PPID; sleep 0.2; }; exec "$@"`,
        'sh',
        ...argv,
      ];
      const hook = (name: Step) => (name === step ? { command: killing(replacer.program) } : program(name));
      const file = await inventory({
        guard: { ...guard, total: { ...guard.total, maxPercent: 50 }, parallel: 1 },
        evidence: { directory: 'evidence' },
        hooks: { evidence: hook('evidence'), drain: hook('drain'), after: hook('after') },
        drivers: {
          command: {
            start: step === 'start' ? killing(replacer.program) : replacer.program,
            poll: step === 'up' ? killing(replacer.program) : replacer.program,
            retire: step === 'retire' ? killing(replacer.program) : replacer.program,
          },
        },
      });
      await scan(file);
      const { plan: made, path } = await plan(file);
      const args = ['replace', 'apply', '--plan', path, '--approve', made.digest, '--inventory', file, ...store()];
      const child = spawn(process.execPath, [SNOWFENCE, ...args], { stdio: 'ignore' });
      const gone = new Promise<NodeJS.Signals | null>((resolve) => child.on('close', (_, signal) => resolve(signal)));
      if (step === 'verify') {
        while (child.exitCode === null && !(await reached(step))) await delay(20);
        child.kill('SIGKILL');
      }
      expect(await gone).toBe('SIGKILL');
      expect((await journal()).run.state).toBe('running');
      const blocked = await act('apply', file, '--plan', path, '--approve', made.digest);
      expect([blocked.code, blocked.stderr]).toEqual([2, expect.stringContaining('replace resume')]);
      const resumed = await act('resume', file);
      expect([resumed.code, resumed.stdout]).toEqual([0, expect.stringContaining('2 of 2 replaced and verified')]);
      expect(replacer.replaced).toEqual([of(1).name, of(3).name]);
      expect((await journal()).run.state).toBe('done');
      expect(existsSync(marker)).toBe(step !== 'verify');
    },
  );

  async function reached(step: Step): Promise<boolean> {
    const { code, stdout } = await snowfence(['replace', 'status', 'last', '--json', ...store()]);
    return code === 0 && (JSON.parse(stdout) as { rows: JournalRow[] }).rows.some((row) => row.step === step);
  }

  it('after a scan, where the fleet file says so: the same guard, and the scan says how it ended', async () => {
    await of(2).run(DRIFT);
    const args = (file: string) => [
      'scan',
      '--inventory',
      file,
      ...store(),
      '--format',
      'json',
      '--depth',
      'full',
      '--replace',
    ];
    const asks = await snowfence(args(await inventory({ guard })));
    expect([asks.code, asks.stderr]).toEqual([4, expect.stringContaining('replace.mode of')]);
    const over = await snowfence(args(await inventory({ mode: 'auto', guard: { ...guard, total: { maxCount: 0 } } })));
    expect([over.code, over.stderr]).toEqual([4, expect.stringContaining('1 instances, at most 0 are allowed')]);
    expect(replacer.replaced).toEqual([]);
    const file = await inventory({ mode: 'auto', guard });
    const done = await snowfence(args(file));
    expect([done.code, done.stderr]).toEqual([1, expect.stringContaining('1 of 1 replaced and verified')]);
    expect((JSON.parse(done.stdout) as Report).summary.instances).toMatchObject({ snowflake: 1, clean: 9 });
    const fresh = await snowfence(['replace', 'plan', '--fresh', '--inventory', file, ...store()]);
    expect([fresh.code, fresh.stdout]).toEqual([0, expect.stringContaining('nothing to replace')]);
    expect(replacer.replaced).toEqual([of(2).name]);
  });

  it('Ctrl-C leaves a run that resume finishes; a dead instance is left alone', async () => {
    for (const i of [0, 1]) await of(i).run(DRIFT);
    await fleet.freeze(of(9));
    const file = await inventory({ guard: { ...guard, parallel: 1 } });
    await snowfence([
      'scan',
      '--inventory',
      file,
      ...store(),
      '--connect-timeout',
      '2',
      '--quiet',
      '--output',
      join(desk.dir, 'r'),
    ]);
    const { plan: made, path } = await plan(file);
    expect(made.left).toEqual([
      { instance: of(9).name, why: expect.stringContaining('unreachable: nothing is replaced') },
    ]);
    const args = ['replace', 'apply', '--plan', path, '--approve', made.digest, '--inventory', file, ...store()];
    const child = spawn(process.execPath, [SNOWFENCE, ...args], { stdio: 'ignore' });
    const code = new Promise<number | null>((resolve) => child.on('close', resolve));
    while (child.exitCode === null && !(await reached('verify'))) await delay(20);
    child.kill('SIGINT');
    expect(await code).toBe(130);
    expect((await journal()).rows.some(({ state }) => state === 'failed')).toBe(false);
    const resumed = await act('resume', file);
    expect([resumed.code, resumed.stdout]).toEqual([0, expect.stringContaining('2 of 2 replaced and verified')]);
    expect(replacer.replaced).toEqual([of(0).name, of(1).name]);
    await fleet.thaw(of(9));
  });

  it('given up by a person, finishes what it had begun and begins nothing more', async () => {
    for (const i of [0, 1, 2]) await of(i).run(DRIFT);
    const file = await inventory({ guard: { ...guard, parallel: 1 } });
    await scan(file);
    const { plan: made, path } = await plan(file);
    replacer.atLaunch = async () => {
      if (replacer.replaced.length === 1) await snowfence(['replace', 'abort', 'last', ...store()]);
    };
    const applied = await act('apply', file, '--plan', path, '--approve', made.digest);
    expect([applied.code, applied.stdout]).toEqual([
      4,
      expect.stringContaining('1 of 3 replaced and verified; stopped: it was given up'),
    ]);
    expect(replacer.replaced).toEqual([of(0).name]);
    expect((await journal()).run.state).toBe('aborted');
  });
});
