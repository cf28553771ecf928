import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pooled } from './exec.ts';
import { firstBootFiles } from './first-boot.ts';
import { type Fleet, type LabInstance, startFleet } from './fleet.ts';
import { type LabImage, labImage } from './image.ts';
import { labDir } from './place.ts';
import { describeLab } from './require.ts';
import { changedFiles, ssh } from './testing.ts';

describeLab('lab', () => {
  let image: LabImage;
  let fleet: Fleet;
  let startup = 0;

  beforeAll(async () => {
    image = await labImage();
    const begin = performance.now();
    fleet = await startFleet(image, 8);
    startup = performance.now() - begin;
  });
  afterAll(() => fleet?.stop());

  it('builds an image without anything that belongs to one instance or to this machine', () => {
    const read = (path: string) => readFileSync(join(image.dir, path), 'utf8');
    expect(readdirSync(join(image.dir, 'etc/ssh')).filter((name) => name.startsWith('ssh_host_'))).toEqual([]);
    expect(read('etc/machine-id')).toBe('');
    for (const name of ['hostname', 'hosts', 'resolv.conf'])
      expect(readdirSync(join(image.dir, 'etc'))).not.toContain(name);
    expect(read('etc/apt/sources.list')).toBe('deb http://deb.example.org/debian bookworm main\n');
    expect(read('etc/os-release')).toMatch(/\nIMAGE_ID=lab-debian\nIMAGE_VERSION=1\n$/);
    expect(read('etc/shadow')).toMatch(/^scanner:\*:/m);
    expect(statSync(image.tar).size).toBeGreaterThan(100_000_000);
  });

  it('starts 8 instances in seconds', () => {
    expect(fleet.instances.map((one) => one.name)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((number) => `lab-0${number}`));
    expect(startup).toBeLessThan(10_000);
  });

  it('answers over ssh under verified host keys, to each account with its own shell', async () => {
    const answers = await pooled(fleet.instances, 4, (one) => ssh(fleet, one, 'root', 'hostname; id -un'));
    expect(answers.map((one) => one.stdout)).toEqual(fleet.instances.map((one) => `${one.name}\nroot\n`));
    const [first] = fleet.instances as [LabInstance];
    expect((await ssh(fleet, first, 'scanner', 'echo $0; id -u')).stdout).toBe('sh\n1500\n');
    expect((await ssh(fleet, first, 'fisher', 'echo $tcsh:r $uid')).stdout).toMatch(/^6\.\d+ 1501\n$/);
  });

  it('gives every instance its own identity', async () => {
    const ids = fleet.instances.map((one) => readFileSync(join(one.root, 'etc/machine-id'), 'utf8'));
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}\n$/);
    expect(new Set(ids).size).toBe(8);
    expect(new Set(fleet.instances.map((one) => one.hostKey)).size).toBe(8);
    expect(new Set(fleet.instances.map((one) => one.address)).size).toBe(8);
  });

  it('leaves untouched instances equal to their image but for first boot, also after log-ins', () => {
    for (const one of fleet.instances) expect(changedFiles(one.upper)).toEqual(firstBootFiles(image));
  });

  it('looks like a server from inside: own processes, own mounts, no zombies', async () => {
    const one = fleet.instances[1] as LabInstance;
    const mounts = (await one.run(['cat', '/proc/self/mountinfo'])).stdout.trim().split('\n');
    expect(mounts.map((line) => line.split(' ')[4])).toEqual([
      '/',
      '/proc',
      '/sys',
      '/run',
      '/tmp',
      '/dev',
      '/dev/pts',
      '/dev/shm',
    ]);
    await one.run('(sleep 0.1 & exec true); sleep 1.5');
    const processes = await one.run('ps -eo stat=,comm= | sort');
    expect(processes.stdout).not.toMatch(/^Z/m);
    expect(processes.stdout).toMatch(/^Ss? +init$/m);
    expect((await one.run('exit 7')).code).toBe(7);
    expect((await one.run(['cat'], { input: 'a\nb' })).stdout).toBe('a\nb');
  });

  it('lets a hand on the server be seen inside', async () => {
    const one = fleet.instances[2] as LabInstance;
    writeFileSync(join(one.root, 'etc/by-hand'), 'drift\n');
    expect((await ssh(fleet, one, 'root', 'cat /etc/by-hand')).stdout).toBe('drift\n');
    expect(changedFiles(one.upper)).toContain('etc/by-hand');
  });

  it('recreates an instance at the same address with a fresh disk and a new host key', async () => {
    const one = fleet.instances[2] as LabInstance;
    const before = { ...one, key: one.hostKey, known: readFileSync(fleet.knownHosts, 'utf8') };
    const old = join(labDir(), 'old-known-hosts');
    writeFileSync(old, before.known);
    const begin = performance.now();
    const again = await fleet.recreate(one);
    expect((await ssh(fleet, again, 'root', 'hostname')).stdout).toBe(`${before.name}\n`);
    expect(performance.now() - begin).toBeLessThan(5_000);
    expect(again.address).toBe(before.address);
    expect(again.hostKey).not.toBe(before.key);
    expect(changedFiles(again.upper)).toEqual(firstBootFiles(image));
    expect((await ssh({ ...fleet, knownHosts: old }, again, 'root', 'true')).stderr).toMatch(
      /IDENTIFICATION HAS CHANGED/,
    );
    execFileSync('rm', [old]);
  });

  it('freezes and thaws an ssh server', async () => {
    const one = fleet.instances[3] as LabInstance;
    await fleet.freeze(one);
    const frozen = await ssh(fleet, one, 'root', 'true', ['-o', 'ConnectTimeout=1']);
    expect(frozen.code).toBe(255);
    expect(frozen.stderr).toMatch(/timed out/);
    await fleet.thaw(one);
    expect((await ssh(fleet, one, 'root', 'echo back')).stdout).toBe('back\n');
  });
});

describeLab('lab options', () => {
  it('shares host keys, mounts the root read-only, makes noise, fills /tmp', async () => {
    const image = await labImage();
    await using fleet = await startFleet(image, 2, {
      prefix: 'odd',
      sharedHostKeys: true,
      readOnlyRoot: true,
      banner: true,
      fullTmp: true,
    });
    const [first, second] = fleet.instances as [LabInstance, LabInstance];
    expect(first.hostKey).toBe(second.hostKey);
    expect((await first.run('touch /etc/x')).stderr).toMatch(/Read-only file system/);
    expect((await first.run('cat /etc/passwd >/tmp/x')).stderr).toMatch(/No space left/);
    const noisy = await ssh(fleet, first, 'root', 'echo answer');
    expect(noisy.stderr).toMatch(/Authorized use only/);
    expect(noisy.stdout).toMatch(/noise: sshrc\n.*noise in red.*answer\n$/s);
    expect((await ssh(fleet, first, 'fisher', 'echo answer')).stdout).toMatch(/csh\.cshrc\n.*answer\n$/s);
  });
});
