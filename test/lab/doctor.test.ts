import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BUSYBOX_TOOLS, busyboxImage } from './busybox.ts';
import { examine } from './examining.ts';
import { run } from './exec.ts';
import { type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, SNOWFENCE, scan, snowfence } from './scanning.ts';
import { ssh } from './testing.ts';

const HELPER = '/usr/local/libexec/snowfence-run';

describeLab('doctor', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk?.[Symbol.asyncDispose]());

  it('finds an untouched server well, and says how it came to know', async () => {
    await using fleet = await startFleet(await labImage(), 2);
    const [one, other] = fleet.instances as [LabInstance, LabInstance];
    const before = (await run('find', [one.upper, '-printf', '%p %s %T@\\n'])).stdout;
    const examined = await examine(fleet, [one]);
    expect([examined.bad(), examined.code]).toEqual([[], 0]);
    expect(examined.check('road')?.detail).toContain(`root@${one.address}:22`);
    const print = execFileSync('ssh-keygen', ['-lf', '-'], { input: one.hostKey, encoding: 'utf8' }).split(' ')[1];
    expect(examined.check('host key')?.detail).toBe(`ssh-ed25519 ${print}, known from ${fleet.knownHosts}:1`);
    expect(examined.check('login')?.detail).toContain(fleet.keyFile);
    expect(examined.check('latency')?.detail).toMatch(/within \d+ ms/);
    expect(examined.check('account')?.detail).toBe('the program runs as root');
    expect(examined.check('clock')).toMatchObject({ state: 'ok' });
    expect(examined.check('hashing')).toMatchObject({ state: 'ok', detail: 'by openssl' });
    expect(examined.check('reads files')?.detail).toMatch(/^all of \d{3,} places looked at$/);
    expect((await run('find', [one.upper, '-printf', '%p %s %T@\\n'])).stdout).toBe(before);
    // For people: the same words, and the verdict first.
    const args = ['-i', fleet.keyFile, '--known-hosts', fleet.knownHosts, '--ssh-config', 'none'];
    const text = await snowfence(['doctor', `ssh://root@${other.address}`, ...args]);
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toMatch(/^ssh:\/\/root@\S+ {2}well: a scan will read all of it\n {2}ok {4}road /);
    await one.run('kill $(pidof sshd)');
    const dead = await examine(fleet, [one, other]);
    expect([dead.code, dead.all.map(({ well }) => well)]).toEqual([3, [false, true]]);
    expect(dead.failure()).toMatch(/^road: cannot connect to .* -> is sshd running there/);
  });

  it('says what an account cannot read, what a scan then cannot, and what to do', async () => {
    const image = await labImage();
    await using fleet = await startFleet(image, 1);
    const examined = await examine(fleet, fleet.instances, [], 'scanner');
    expect(examined.code).toBe(3);
    expect(examined.check('account')).toMatchObject({
      state: 'note',
      detail: 'the program runs as user 1500, not as root',
    });
    expect(examined.check('reads files')).toMatchObject({ state: 'gap', detail: expect.stringContaining('/root') });
    expect(examined.check('reads accounts')?.detail).toContain('/etc/shadow may not be read');
    expect(examined.check('reads processes')?.advice).toContain('--sudoers');
    // The probes that it names are those that a scan has gaps in.
    const result = await scan(fleet, fleet.instances, await desk.manifest(image), [], 'scanner');
    const [one] = fleet.instances as [LabInstance];
    const gaps = [...new Set(result.of(one).gaps.map(({ probe }) => `reads ${probe} gap`))].sort();
    expect(examined.bad().sort()).toEqual(gaps);
  });

  it('prints a setup for sudo that does what it says, and no more', async () => {
    const image = await labImage();
    await using fleet = await startFleet(image, 2);
    const [one, untouched] = fleet.instances as [LabInstance, LabInstance];
    const printed = await snowfence(['doctor', '--sudoers', '--user', 'scanner']);
    expect([printed.code, printed.stderr]).toEqual([0, '']);
    const installed = await one.run('sh -s', { input: printed.stdout });
    expect([installed.code, installed.stderr]).toEqual([0, '']);
    expect((await one.run('visudo -c')).code).toBe(0);
    expect((await one.run(`stat -c '%a %u:%g' ${HELPER} /etc/sudoers.d/snowfence`)).stdout).toBe('755 0:0\n440 0:0\n');

    const way = ['--sudo-command', HELPER];
    const examined = await examine(fleet, [one], way, 'scanner');
    expect([examined.bad(), examined.code]).toEqual([[], 0]);
    expect(examined.check('sudo')?.detail).toBe('the program runs as root, by sudo');
    const manifest = await desk.manifest(image);
    const result = await scan(fleet, [one, untouched], manifest, way, 'scanner');
    expect(result.of(one).gaps).toEqual([]);
    // It was installed by hand here and not baked: a scan says so, and nothing else.
    const rule = expect.stringMatching(
      /^sudo rule scanner ALL=\(root\) NOPASSWD: sha256:[0-9a-f]{64} \S+snowfence-run$/,
    );
    const own = ['sudo default requiretty for user scanner', rule, '/usr/local/libexec', HELPER];
    expect(result.live(one).map(({ subject }) => subject)).toEqual(own);
    expect(result.of(untouched).gaps[0]?.detail).toMatch(/^sudo on /);

    const ask = (command: string, input = '') =>
      run(
        'ssh',
        [
          ...['-F', 'none', '-i', fleet.keyFile, '-o', `UserKnownHostsFile=${fleet.knownHosts}`, '-o', 'BatchMode=yes'],
          ...[`scanner@${one.address}`, command],
        ],
        { input },
      );
    const program = (await snowfence(['probe', 'show'])).stdout;
    for (const more of [[], ['--doctor']]) {
      const digest = (await snowfence(['probe', 'sha256', ...more])).stdout.trim();
      expect([digest.length, printed.stdout.includes(`  ${digest}`)]).toEqual([64, true]);
    }
    const length = Buffer.byteLength(program);
    const whole = await ask(`sudo -n ${HELPER} / live 0 ${length}`, program);
    expect([whole.code, whole.stdout.includes('SNOWFENCE/1')]).toEqual([0, true]);
    for (const other of ['id >&2\n', `${program}id\n`, program.slice(0, -1), '', `\0${program}#`]) {
      const refused = await ask(`sudo -n ${HELPER} / live 0 ${Buffer.byteLength(other)}`, other);
      expect([refused.code, refused.stdout]).toEqual([126, '']);
      expect(refused.stderr).toMatch(/^snowfence-run: refused: this program is not one/m);
      expect(refused.stderr).not.toContain('uid=0');
    }
    // What comes behind the program is its to read, and is not run.
    const behind = await ask(`sudo -n ${HELPER} / live 0 ${length}`, `${program}id\n`);
    expect([behind.code, behind.stdout.includes('uid=0')]).toEqual([0, false]);
    for (const words of [
      'relative live 0 9',
      '/ other 0 9',
      '/ live x 9',
      '/ live 0',
      "/ live '0;id' 9",
      '/ live 0 x',
      '/ live 0 99999999',
    ]) {
      expect([words, (await ask(`sudo -n ${HELPER} ${words}`, program)).code]).toEqual([words, 126]);
    }
    for (const command of ['/bin/sh -c id', '/usr/bin/id', `/bin/sh ${HELPER} / live 0`]) {
      const refused = await ask(`sudo -n ${command}`, program);
      expect([command, refused.code, refused.stdout]).toEqual([command, 1, '']);
    }
    // A helper that somebody changed is not run at all; one of another version refuses, and the scan says which to install.
    const good = (await one.run(`cat ${HELPER}`)).stdout;
    await one.run(`cat >${HELPER}`, { input: `${good}# changed\n` });
    expect((await ask(`sudo -n ${HELPER} / live 0 ${length}`, program)).code).toBe(1);
    await one.run(`cat >${HELPER}`, { input: good.replaceAll(/^ {2}[0-9a-f]{64}/gm, `  ${'0'.repeat(64)}`) });
    await one.run(`echo 'scanner ALL=(root) NOPASSWD: ${HELPER}' >/etc/sudoers.d/snowfence`);
    const old = await examine(fleet, [one], way, 'scanner');
    expect(old.failure()).toMatch(
      /^sudo: .*pinned to another program: install the output of snowfence doctor --sudoers/,
    );
    expect((await ssh(fleet, one, 'scanner', 'id -u')).stdout).toBe('1500\n');
  });

  it('is a matter of usage where nobody or a strange user is named', async () => {
    for (const args of [
      ['doctor'],
      ['doctor', '--sudoers', '--user', 'ALL'],
      ['doctor', '--sudoers', '--user', '-x'],
    ]) {
      const result = await run(process.execPath, [SNOWFENCE, ...args]);
      expect([args.join(' '), result.code, result.stdout]).toEqual([args.join(' '), 2, '']);
    }
    const name = join(desk.dir, 'nobody');
    expect((await snowfence(['doctor', '--inventory', name])).code).toBe(2);
  });
});

describeLab(
  'doctor of a busybox server',
  () => {
    it('says which tools it lacks and what that costs', async () => {
      await using fleet = await startFleet(await busyboxImage(), 1);
      const examined = await examine(fleet, fleet.instances);
      expect([examined.bad(), examined.code]).toEqual([['attributes gap'], 3]);
      expect(examined.check('listing')).toMatchObject({ state: 'note', detail: 'find without -printf' });
      expect(examined.check('hashing')).toMatchObject({ state: 'note', detail: 'by sha256sum' });
      expect(examined.check('attributes')?.advice).toContain('perl-base');
    });
  },
  BUSYBOX_TOOLS,
);
