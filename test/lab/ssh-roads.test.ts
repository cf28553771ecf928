import { execFileSync } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Examined } from '../../src/app/doctor.ts';
import { examine } from './examining.ts';
import { run } from './exec.ts';
import { makeKey } from './first-boot.ts';
import { type Fleet, type LabInstance, startFleet } from './fleet.ts';
import { labImage, STEWARD_PASSWORD } from './image.ts';
import type { LabImage } from './image-store.ts';
import { describeLab } from './require.ts';
import { Desk, SNOWFENCE, scan, snowfence } from './scanning.ts';
import { Authority, log, logins, setSshd } from './sshd.ts';

const clients = ['builtin', 'openssh'] as const;
const by = (client: string) => ['--ssh-client', client];

describeLab('roads by ssh', () => {
  let image: LabImage;
  let desk: Desk;
  let manifest: string;

  beforeAll(async () => {
    image = await labImage();
    desk = await Desk.open();
    manifest = await desk.manifest(image);
  });
  afterAll(() => desk?.[Symbol.asyncDispose]());

  it('leads through a jump host that many instances share', async () => {
    await using fleet = await startFleet(image, 6);
    const [bastion, ...others] = fleet.instances as [LabInstance, ...LabInstance[]];
    const result = await scan(fleet, others, manifest, ['--jump', `fisher@${bastion.address}`]);
    expect([result.code, others.map((one) => result.of(one).verdict)]).toEqual([0, others.map(() => 'clean')]);
    for (const one of others) expect(await logins(one)).toEqual([`root from ${bastion.address}`]);
    expect((await logins(bastion)).map((line) => line.split(' ')[0])).toEqual(['fisher']);
    // And over two of them, by either client.
    const [second, last] = others as [LabInstance, LabInstance];
    for (const client of clients) {
      const chain = ['--jump', `scanner@${bastion.address}:22,fisher@${second.address}`, ...by(client)];
      const examined = await examine(fleet, [last], chain);
      expect([client, examined.failure(), examined.code]).toEqual([client, '', 0]);
      expect((await logins(last)).at(-1)).toBe(`root from ${second.address}`);
      expect(examined.check('road')?.detail).toContain(last.address);
    }
    expect((await logins(second)).filter((line) => line === `fisher from ${bastion.address}`)).toHaveLength(2);
  });

  it('says which hop failed, and why', async () => {
    await using fleet = await startFleet(image, 3);
    const [bastion, target, stranger] = fleet.instances as [LabInstance, LabInstance, LabInstance];
    const through = (hop: LabInstance, ...more: string[]) =>
      examine(fleet, [target], ['--jump', `root@${hop.address}`, ...more]);
    const known = (await readFile(fleet.knownHosts, 'utf8')).split('\n');
    const without = known.filter((line) => !line.includes(stranger.address)).join('\n');
    const partial = await desk.file('partial', without);
    const unknown = await through(stranger, '--known-hosts', partial);
    expect([unknown.code, unknown.failure()]).toEqual([
      3,
      expect.stringContaining(`ends at the jump host root@${stranger.address}:22: the host key of`),
    ]);
    expect(await logins(stranger)).toEqual([]);
    await setSshd(bastion, 'AllowTcpForwarding no\n');
    expect((await through(bastion)).failure()).toMatch(
      /the jump host root@\S+ cannot connect to \S+: .*AllowTcpForwarding/s,
    );
    await setSshd(bastion, 'AllowTcpForwarding yes\n');
    await target.run('kill $(cat /run/sshd.pid)');
    expect((await through(bastion)).failure()).toMatch(/cannot connect to \S+: Connection refused \(tried 3 times\)/);
    await bastion.run(': >/root/.ssh/authorized_keys');
    const before = (await log(bastion)).split('authenticating user').length;
    const refused = await examine(fleet, [target, stranger], ['--jump', `root@${bastion.address}`]);
    expect(refused.failure()).toMatch(
      /^login: the road to \S+ ends at the jump host root@\S+: \S+ does not let root in/,
    );
    expect(refused.all.map(({ checks }) => checks[0]?.check)).toEqual(['login', 'login']);
    // One refused login, not one for each instance behind it.
    await expect.poll(async () => (await log(bastion)).split('authenticating user').length).toBe(before + 1);
  });

  it('leads through a ProxyCommand, and leaves none behind', async () => {
    await using fleet = await startFleet(image, 2);
    const [bastion, target] = fleet.instances as [LabInstance, LabInstance];
    const inner = `ssh -F none -i ${fleet.keyFile} -o UserKnownHostsFile=${fleet.knownHosts} -o BatchMode=yes -W %h:%p root@${bastion.address}`;
    const config = await desk.file('proxy', `Host ${target.address}\n ProxyCommand ${inner}\n`);
    for (const client of clients) {
      const result = await scan(fleet, [target], manifest, ['--ssh-config', config, ...by(client)]);
      expect([result.code, result.of(target).gaps]).toEqual([0, []]);
      expect((await logins(target)).at(-1)).toBe(`root from ${bastion.address}`);
    }
    const left = () =>
      execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.includes(fleet.keyFile));
    await expect.poll(left, { timeout: 20_000 }).toEqual([]);
    const broken = await desk.file('broken', 'Host *\n ProxyCommand echo no road here >&2; exit 1 #%h\n');
    expect((await examine(fleet, [target], ['--ssh-config', broken, '--retries', '0'])).failure()).toMatch(
      /road: the ProxyCommand for \S+ ended: no road here/,
    );
  });

  it('takes host keys from the inventory, and no others', async () => {
    await using fleet = await startFleet(image, 2);
    const [one, other] = fleet.instances as [LabInstance, LabInstance];
    const empty = await desk.file('empty', '');
    const print = (line: string) =>
      execFileSync('ssh-keygen', ['-lf', '-'], { input: line, encoding: 'utf8' }).split(' ')[1] ?? '';
    const given = async (keys: string[], client: string) => {
      const settings = { address: one.address, user: 'root', hostKeys: keys, sshClient: client };
      const file = await desk.file('keys.yaml', JSON.stringify({ hosts: [settings] }));
      return examine(fleet, [], ['--inventory', file, '--known-hosts', empty]);
    };
    for (const keys of [
      [one.hostKey],
      [other.hostKey, one.hostKey],
      [print(one.hostKey)],
      [`ssh-ed25519 ${print(one.hostKey)}`],
    ]) {
      const examined = await given(keys, 'builtin');
      expect([examined.failure(), examined.code]).toEqual(['', 0]);
      expect(examined.check('host key')?.detail).toBe(`ssh-ed25519 ${print(one.hostKey)}, given by the inventory`);
    }
    expect((await given([one.hostKey], 'openssh')).code).toBe(0);
    expect((await given([other.hostKey], 'builtin')).failure()).toMatch(
      /^host key: .* is not one that the inventory gives: it shows ssh-ed25519 SHA256:\S+ hostKeys has ssh-ed25519 SHA256:/,
    );
    expect((await given([other.hostKey], 'openssh')).failure()).toMatch(/^host key: .*HAS CHANGED/);
    expect((await given([print(one.hostKey)], 'openssh')).failure()).toContain('takes no fingerprints');
  });

  it('pins a key at first use only when asked, and never takes another for it', async () => {
    await using fleet = await startFleet(image, 8);
    const [one] = fleet.instances as [LabInstance];
    for (const client of clients) {
      const file = join(desk.dir, `pins-${client}`);
      const way = ['--known-hosts', file, ...by(client)];
      expect((await examine(fleet, [one], way)).bad()).toEqual(['host key fail']);
      const pinned = await examine(fleet, fleet.instances, [...way, '--accept-new-host-keys']);
      expect([client, pinned.failure(), pinned.code]).toEqual([client, '', 0]);
      const lines = (await readFile(file, 'utf8')).trim().split('\n').sort();
      expect(lines).toEqual(fleet.instances.map(({ address, hostKey }) => `${address} ${hostKey}`).sort());
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect((await examine(fleet, fleet.instances, way)).code).toBe(0);
    }
    await fleet.recreate(one);
    for (const client of clients) {
      const file = join(desk.dir, `pins-${client}`);
      const before = await readFile(file, 'utf8');
      const line = before.split('\n').findIndex((text) => text.startsWith(`${one.address} `)) + 1;
      const changed = await examine(fleet, [one], ['--known-hosts', file, ...by(client), '--accept-new-host-keys']);
      expect(changed.failure()).toMatch(/^host key: .*has changed/is);
      expect(changed.failure()).toContain(`${file}:${line}`);
      expect(changed.failure()).toContain('docs/transports.md');
      expect(changed.failure().match(/SHA256:\S+/g)?.length).toBeGreaterThanOrEqual(2);
      expect(await readFile(file, 'utf8')).toBe(before);
    }
  });

  it('believes certificates of hosts, by OpenSSH', async () => {
    await using fleet = await startFleet(image, 1);
    const [one] = fleet.instances as [LabInstance];
    const [ca, old] = [await Authority.make(desk.dir, 'host-ca'), await Authority.make(desk.dir, 'old-ca')];
    const hostKey = join(desk.dir, 'host-key');
    await writeFile(`${hostKey}.pub`, `${one.hostKey}\n`);
    const certify = async (authority: Authority, principal: string, validity: string) => {
      const certificate = await authority.sign(hostKey, ['-h', '-n', principal, '-V', validity]);
      await one.run('cat >/etc/ssh/host-cert.pub', { input: certificate });
      await setSshd(one, 'HostKey /etc/ssh/ssh_host_ed25519_key\nHostCertificate /etc/ssh/host-cert.pub\n');
    };
    const trusting = await desk.file('trusting', `@cert-authority 10.213.* ${ca.line}\n`);
    const trust = (client: string, file = trusting) => examine(fleet, [one], ['--known-hosts', file, ...by(client)]);
    await certify(ca, one.address, '+1h');
    const good = await trust('openssh');
    expect([good.failure(), good.code]).toEqual(['', 0]);
    expect(good.check('host key')?.detail).toMatch(
      /^certificate ssh-ed25519-cert-v01@openssh.com SHA256:.*known from .*trusting:1/,
    );
    expect((await trust('builtin')).failure()).toMatch(
      /^host key: .*cannot verify host certificates.*--ssh-client openssh/,
    );
    const revoking = await desk.file('revoking', `@revoked * ${ca.line}\n@cert-authority 10.213.* ${ca.line}\n`);
    expect((await trust('openssh', revoking)).failure()).toMatch(/^host key: .*revoked/i);
    await certify(ca, 'another.example.com', '+1h');
    expect((await trust('openssh')).failure()).toMatch(/^host key: .*not a listed principal/i);
    await certify(ca, one.address, '20200101:20200102');
    expect((await trust('openssh')).failure()).toMatch(/^host key: .*expired/i);
    await certify(old, one.address, '+1h');
    expect((await trust('openssh')).failure()).toMatch(/^host key: /);
  });

  it('logs in by certificates of users, by OpenSSH', async () => {
    await using fleet = await startFleet(image, 1);
    const [one] = fleet.instances as [LabInstance];
    const ca = await Authority.make(desk.dir, 'user-ca');
    const key = await makeKey(join(desk.dir, 'user'), 'user');
    await one.run('cat >/etc/ssh/user-ca.pub', { input: `${ca.line}\n` });
    await setSshd(one, 'TrustedUserCAKeys /etc/ssh/user-ca.pub\n');
    const enter = (client: string) => examine(fleet, [one], ['-i', key.file, ...by(client)]);
    expect((await enter('openssh')).failure()).toMatch(/^login: .*Permission denied/);
    await ca.sign(key.file, ['-n', 'root', '-V', '+1h']);
    const good = await enter('openssh');
    expect([good.failure(), good.code]).toEqual(['', 0]);
    expect(good.check('login')?.detail).toContain('ED25519-CERT');
    expect((await enter('builtin')).failure()).toMatch(
      /^login: .*user-cert\.pub: a certificate, which the built-in client cannot use.*--ssh-client openssh/,
    );
    await ca.sign(key.file, ['-n', 'scanner', '-V', '+1h']);
    expect((await enter('openssh')).bad()).toEqual(['login fail']);
    await ca.sign(key.file, ['-n', 'root', '-V', '20200101:20200102']);
    expect((await enter('openssh')).bad()).toEqual(['login fail']);
  });

  it('says by OpenSSH why it could not get in', async () => {
    await using fleet = await startFleet(image, 3);
    const [frozen, replaced, refusing] = fleet.instances as [LabInstance, LabInstance, LabInstance];
    const known = await readFile(fleet.knownHosts, 'utf8');
    await fleet.recreate(replaced);
    await writeFile(fleet.knownHosts, known);
    await fleet.freeze(frozen);
    await refusing.run('kill $(pidof sshd)');
    const result = await scan(fleet, fleet.instances, manifest, [...by('openssh'), '--connect-timeout', '3']);
    const gaps = fleet.instances.map((one) => result.of(one).gaps.map(({ probe, reason }) => `${probe} ${reason}`));
    expect([result.code, gaps]).toEqual([3, [['connect timeout'], ['connect host-key'], ['connect unreachable']]]);
    expect(result.of(refusing).gaps[0]?.detail).toContain('(tried 3 times)');
    await fleet.thaw(frozen);
  });
});

describeLab('sudo', () => {
  let desk: Desk;
  let fleet: Fleet;
  let manifest: string;
  let one: LabInstance;
  beforeAll(async () => {
    const image = await labImage();
    desk = await Desk.open();
    manifest = await desk.manifest(image);
    fleet = await startFleet(image, 1);
    [one] = fleet.instances as [LabInstance];
    await desk.file('secret', `${STEWARD_PASSWORD}\n`);
    await desk.file('wrong', 'not the password\n');
  });
  afterAll(async () => {
    await fleet?.stop();
    await desk?.[Symbol.asyncDispose]();
  });
  const password = (name: string) => ['--sudo-password', `file:${join(desk.dir, name)}`];

  it('makes a scan whole: without a password, and with one, by either client', async () => {
    for (const client of clients) {
      for (const [user, way] of [
        ['warden', ['--sudo']],
        ['steward', password('secret')],
        // Whose rule needs none is not asked, and the password goes nowhere.
        ['warden', password('secret')],
      ] as const) {
        const result = await scan(fleet, [one], manifest, [...by(client), ...way], user);
        expect([client, user, result.of(one).gaps, result.live(one), result.code]).toEqual([client, user, [], [], 0]);
      }
    }
  });

  it('says why it did not run, and never the password', async () => {
    const secrets = [STEWARD_PASSWORD, 'not the password'];
    const say = async (user: string, way: readonly string[]) => {
      const examined = await examine(fleet, [one], way, user);
      for (const secret of secrets) expect(examined.result.stdout + examined.result.stderr).not.toContain(secret);
      expect(examined.code).toBe(3);
      return examined.failure();
    };
    for (const client of clients) {
      expect(await say('steward', [...by(client), '--sudo'])).toMatch(
        /^sudo: .*wants a password: give --sudo-password/,
      );
      expect(await say('steward', [...by(client), ...password('wrong')])).toMatch(
        /^sudo: .*is wrong \(it was offered once\).*1 incorrect password attempt/,
      );
    }
    expect(await say('scanner', ['--sudo'])).toMatch(/^sudo: /);
    await one.run("echo 'scanner:x' | chpasswd");
    await desk.file('x', 'x\n');
    expect(await say('scanner', password('x'))).toMatch(
      /^sudo: .*no rule in sudoers.*scanner is not in the sudoers file/,
    );
    expect(await say('warden', ['--sudo-command', '/usr/bin/id'])).toMatch(/^sudo: /);
    await one.run('echo "Defaults:warden requiretty" >/etc/sudoers.d/20-tty; chmod 440 /etc/sudoers.d/20-tty');
    expect(await say('warden', ['--sudo'])).toMatch(/^sudo: .*requiretty/);
    await one.run('rm /etc/sudoers.d/20-tty; mv /usr/bin/sudo /usr/bin/sudo.away');
    expect(await say('warden', ['--sudo'])).toMatch(/^sudo: .*there is no sudo/);
    await one.run('mv /usr/bin/sudo.away /usr/bin/sudo');
    // Mistakes of the reference are said before anybody is asked.
    const usage = await snowfence(['doctor', 'ssh://h', '--sudo-password', 'hunter2']);
    expect([usage.code, usage.stderr]).toEqual([2, expect.not.stringContaining('hunter2')]);
  });

  it('is spoken to in the same way on this machine', async () => {
    // `local:` runs what PATH calls sudo: here the instance's own, in its namespaces and as its account.
    const enter = (uid: number) =>
      `#!/bin/sh\nexec nsenter --target ${one.pid} --mount --pid --uts --ipc --net --root --wd -S ${uid} -G ${uid} -- /usr/bin/sudo "$@"\n`;
    const local = async (uid: number, way: readonly string[]) => {
      await writeFile(join(desk.dir, 'sudo'), enter(uid), { mode: 0o755 });
      const env = { ...process.env, PATH: `${desk.dir}:${process.env['PATH']}` } as Record<string, string>;
      const { code, stdout } = await run(process.execPath, [SNOWFENCE, 'doctor', 'local:', '--json', ...way], { env });
      const checks = (JSON.parse(stdout) as { instances: Examined[] }).instances[0]?.checks ?? [];
      return [code, checks.find(({ check }) => check === 'sudo')?.detail];
    };
    expect(await local(1503, password('secret'))).toEqual([0, 'the program runs as root, by sudo']);
    expect(await local(1502, ['--sudo'])).toEqual([0, 'the program runs as root, by sudo']);
    expect(await local(1503, password('wrong'))).toEqual([3, expect.stringContaining('1 incorrect password attempt')]);
    expect(await local(1503, ['--sudo'])).toEqual([3, expect.stringContaining('wants a password')]);
  });
});
