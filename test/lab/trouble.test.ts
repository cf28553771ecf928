import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BUSYBOX_TOOLS, busyboxImage } from './busybox.ts';
import { type CommandResult, must, sleep } from './exec.ts';
import { makeKey } from './first-boot.ts';
import { type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import type { LabImage } from './image-store.ts';
import { describeLab } from './require.ts';
import { Desk, type Scanned, SNOWFENCE, scan, scanArgs, scanned, snowfence } from './scanning.ts';

/** Everything of an instance's disk that a scan could change; access times are not among it. */
async function stateOf({ root }: LabInstance): Promise<string> {
  const list = await must('find', [root, '-printf', '%p %m %U %G %s %T@ %C@ %i %l\\n']);
  const sums = await must('sh', ['-c', 'find "$1" -type f -print0 | sort -z | xargs -0 sha256sum', 'sums', root]);
  return list.split('\n').sort().join('\n') + sums;
}

/** Verdict and gaps as `probe reason`, without repetition. */
function gapsOf(result: Scanned, one: LabInstance): string[] {
  return [...new Set(result.of(one).gaps.map((gap) => `${gap.probe} ${gap.reason}`))].sort();
}

const first = (instances: readonly LabInstance[]) => instances[0] as LabInstance;

/** What the lab's `banner` option writes: it is there, so a scan must say so. */
const NOISE = [
  ['/etc/ssh/banner', 'high'],
  ['shell start-up file .bashrc of root', 'high'],
  ['shell start-up file /etc/csh.cshrc', 'high'],
  ['shell start-up file /etc/profile', 'high'],
  ['shell start-up file /etc/ssh/sshrc', 'high'],
  ['sshd banner', 'high'],
];

/** What an account that is not root cannot read of an untouched server. */
const CLOSED = [
  'accounts permission',
  'files permission',
  'processes permission',
  'sockets permission',
  'traits permission',
];

describeLab('trouble', () => {
  let image: LabImage;
  let desk: Desk;
  let manifest: string;

  beforeAll(async () => {
    image = await labImage();
    desk = await Desk.open();
    manifest = await desk.manifest(image);
  });
  afterAll(() => desk?.[Symbol.asyncDispose]());

  it('changes nothing on the target, whoever logs in', async () => {
    await using fleet = await startFleet(image, 3);
    const users = ['root', 'scanner', 'fisher'];
    for (const [index, one] of fleet.instances.entries()) {
      const user = users[index] as string;
      const temporary = 'find /tmp /dev/shm /var/tmp | sort';
      const before = [await stateOf(one), (await one.run(temporary)).stdout];
      const result = await scan(fleet, [one], manifest, [], user);
      expect(result.of(one).verdict).toBe(user === 'root' ? 'clean' : 'incomplete');
      const after = [await stateOf(one), (await one.run(temporary)).stdout];
      expect(after[0] === before[0]).toBe(true);
      expect(after[1]).toBe(before[1]);
    }
  });

  it('reads what an unprivileged account may read, says what it may not, and invents no drift', async () => {
    await using fleet = await startFleet(image, 1);
    const one = first(fleet.instances);
    for (const user of ['scanner', 'fisher']) {
      const result = await scan(fleet, [one], manifest, [], user);
      expect([result.code, result.of(one).verdict, result.live(one)]).toEqual([3, 'incomplete', []]);
      expect(gapsOf(result, one)).toEqual(CLOSED);
    }
    await one.run('printf x >>/usr/bin/tac; echo "eve:x:0:0::/:/bin/sh" >>/etc/passwd; echo x >>/root/.bashrc');
    const result = await scan(fleet, [one], manifest, [], 'scanner');
    expect([result.code, result.of(one).flags]).toEqual([1, ['snowflake', 'incomplete']]);
    expect(result.live(one).map((finding) => finding.subject)).toEqual(['user eve', '/usr/bin/tac']);
  });

  it('finds nothing and misses nothing where programs begin and end all the time', async () => {
    await using fleet = await startFleet(image, 1);
    const one = first(fleet.instances);
    const busy = 'while [ ! -e /run/calm ]; do (exec grep -q x /etc/hostname); done';
    // Politely: other tests run beside this one.
    await one.run(`for n in 1 2; do nice -n 19 sh -c '${busy}' >/dev/null 2>&1 & done; sleep 0.2`);
    for (let i = 0; i < 5; i++) {
      const result = await scan(fleet, [one], manifest);
      expect(result.live(one)).toEqual([]);
      expect([result.of(one).verdict, result.of(one).gaps]).toEqual(['clean', []]);
    }
    await one.run('touch /run/calm');
  });

  it('gets through banners, talkative shells, a full /tmp and a read-only root', async () => {
    for (const options of [{ fullTmp: true }, { readOnlyRoot: true }, { readOnlyRoot: true, fullTmp: true }]) {
      await using fleet = await startFleet(image, 1, options);
      const one = first(fleet.instances);
      const result = await scan(fleet, [one], manifest);
      expect([result.code, result.of(one).verdict, result.of(one).gaps]).toEqual([0, 'clean', []]);
    }
    await using fleet = await startFleet(image, 1, { banner: true, fullTmp: true });
    const one = first(fleet.instances);
    for (const user of ['root', 'fisher', 'scanner']) {
      const result = await scan(fleet, [one], manifest, [], user);
      const truth = user === 'root' ? NOISE : NOISE.filter(([subject]) => !subject?.endsWith('of root'));
      expect(result.live(one).map((finding) => [finding.subject, finding.severity])).toEqual(truth);
      expect(gapsOf(result, one)).toEqual(user === 'root' ? [] : CLOSED);
      expect(result.code).toBe(1);
    }
  });

  it("works where root's shell is tcsh", async () => {
    await using fleet = await startFleet(image, 1);
    const one = first(fleet.instances);
    await one.run('usermod --shell /bin/tcsh root');
    const result = await scan(fleet, [one], manifest);
    expect(result.live(one).map((finding) => finding.subject)).toEqual(['user root']);
    expect(result.of(one).gaps).toEqual([]);
  });

  it('says why it could not get in, and scans the others', async () => {
    await using fleet = await startFleet(image, 5);
    const [frozen, replaced, refusing, closed, healthy] = fleet.instances as [
      LabInstance,
      LabInstance,
      LabInstance,
      LabInstance,
      LabInstance,
    ];
    const known = await readFile(fleet.knownHosts, 'utf8');
    await fleet.recreate(replaced);
    await writeFile(fleet.knownHosts, known);
    await fleet.freeze(frozen);
    await refusing.run('kill $(pidof sshd)');
    await closed.run(': >/root/.ssh/authorized_keys');
    const result = await scan(fleet, fleet.instances, manifest, ['--connect-timeout', '2']);
    expect(result.code).toBe(3);
    expect([frozen, replaced, refusing, closed].map((one) => gapsOf(result, one))).toEqual([
      ['connect timeout'],
      ['connect host-key'],
      ['connect unreachable'],
      ['connect auth'],
    ]);
    for (const one of [frozen, replaced, refusing, closed]) {
      expect([result.of(one).verdict, result.of(one).findings]).toEqual(['unreachable', []]);
    }
    expect([result.of(healthy).verdict, result.of(healthy).gaps]).toEqual(['clean', []]);

    await fleet.thaw(frozen);
    const again = await scan(fleet, [frozen], manifest);
    expect([again.code, again.of(frozen).verdict]).toEqual([0, 'clean']);

    const stranger = await makeKey(join(desk.dir, 'stranger'), 'stranger');
    const refused = await scan({ ...fleet, keyFile: stranger.file, knownHosts: fleet.knownHosts }, [healthy], manifest);
    expect([refused.code, gapsOf(refused, healthy)]).toEqual([3, ['connect auth']]);
  });

  it('takes a server whose tools are gone for unread, not for empty', async () => {
    const tools = ['find', 'xargs', 'sed', 'sh'];
    await using fleet = await startFleet(image, tools.length);
    for (const [index, one] of fleet.instances.entries()) {
      await one.run(['/bin/bash', '-c', `rm "$(readlink -f /usr/bin/${tools[index]})"`]);
    }
    const result = await scan(fleet, fleet.instances, manifest);
    expect(result.code).toBe(3);
    for (const one of fleet.instances) expect([one.name, result.live(one)]).toEqual([one.name, []]);
    expect(fleet.instances.map((one) => result.of(one).verdict)).toEqual([
      ...['incomplete', 'incomplete', 'incomplete'],
      'unreachable',
    ]);
  });

  it('says that an account without a shell cannot be asked', async () => {
    await using fleet = await startFleet(image, 1);
    const one = first(fleet.instances);
    await one.run('usermod --shell /usr/sbin/nologin scanner');
    const result = await scan(fleet, [one], manifest, [], 'scanner');
    expect([result.code, result.of(one).verdict, result.live(one)]).toEqual([3, 'unreachable', []]);
    expect(result.of(one).gaps[0]?.detail).toContain('did not run the program');
  });

  it('takes a connection that is cut in the middle for what it is', async () => {
    await using fleet = await startFleet(image, 2);
    const [cut, healthy] = fleet.instances as [LabInstance, LabInstance];
    const result = await midScan(fleet, fleet.instances, manifest, cut, async () => {
      // The sessions, not the listener, which is the only one that is a child of PID 1.
      await cut.run('for p in $(pidof sshd); do grep -q "^PPid:[[:space:]]1$" /proc/$p/status || kill -9 $p; done');
    });
    expect(result.report.scan.partial).toBe(false);
    expect([result.code, result.of(cut).verdict, result.live(cut)]).toEqual([3, 'incomplete', []]);
    expect([...new Set(result.of(cut).gaps.map((gap) => gap.reason))]).toEqual(['cut']);
    expect([result.of(healthy).verdict, result.of(healthy).gaps]).toEqual(['clean', []]);
  });

  it('reports a server that falls silent in the middle', async () => {
    await using fleet = await startFleet(image, 1);
    const one = first(fleet.instances);
    const result = await midScan(fleet, [one], manifest, one, () => fleet.freeze(one), ['--idle-timeout', '4']);
    expect([result.code, result.of(one).verdict, result.live(one)]).toEqual([3, 'incomplete', []]);
    expect([...new Set(result.of(one).gaps.map((gap) => gap.reason))]).toEqual(['timeout']);
  });

  it('gives a partial report at Ctrl-C', async () => {
    await using fleet = await startFleet(image, 2);
    const [slow, fast] = fleet.instances as [LabInstance, LabInstance];
    const result = await midScan(fleet, fleet.instances, manifest, slow, async (pid) => {
      await sleep(3000);
      process.kill(pid, 'SIGINT');
    });
    expect([result.code, result.report.scan.partial]).toEqual([130, true]);
    expect([...new Set(result.of(slow).gaps.map((gap) => gap.reason))]).toEqual(['interrupted']);
    expect(result.live(slow)).toEqual([]);
    expect([result.of(fast).verdict, result.of(fast).gaps]).toEqual(['clean', []]);
  });
});

/** Starts a scan, waits until `one` hashes a file that takes long, does something, and waits for the report. */
async function midScan(
  fleet: Parameters<typeof scanArgs>[0],
  instances: readonly LabInstance[],
  manifest: string,
  one: LabInstance,
  interfere: (pid: number) => Promise<void>,
  more: readonly string[] = [],
): Promise<Scanned> {
  // Sparse: takes no room, but minutes to hash.
  await one.run('truncate --size 64G /opt/big');
  const child = spawn(process.execPath, [
    SNOWFENCE,
    ...scanArgs(fleet, instances, manifest, ['--max-file-size', '0', ...more]),
  ]);
  const result = new Promise<CommandResult>((resolve) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('close', (code) => {
      const bytes = Buffer.concat(out);
      resolve({ code: code ?? -1, bytes, stdout: bytes.toString(), stderr: Buffer.concat(err).toString() });
    });
  });
  const hashing = 'for f in /proc/[0-9]*/fd/*; do [ "$(readlink $f)" = /opt/big ] && exit 0; done; exit 1';
  for (let tries = 0; (await one.run(hashing)).code !== 0; tries++) {
    if (tries > 1000 || child.exitCode !== null) throw new Error('the scan never came to the long file');
    await sleep(50);
  }
  await interfere(child.pid as number);
  return scanned(await result);
}

const DROPBEAR_POLICY = `schema: snowfence.policy/v1
name: dropbear
description: What dropbear makes at first boot.
rules:
  - id: lab/dropbear-host-key
    kind: expect
    reason: dropbear makes a fresh host key for each instance
    fact: file
    paths: ['/etc/dropbear/dropbear_*_host_key']
    changes: [added, changed]
    only: { type: f, modes: ['600'], owners: ['0:0'], maxSize: 8192 }
    unique: true
`;

describeLab(
  'a busybox server',
  () => {
    it('is read by the same program, from a manifest of its image or of a golden instance', async () => {
      const image = await busyboxImage();
      await using desk = await Desk.open();
      const more = ['--policy', await desk.file('dropbear.yaml', DROPBEAR_POLICY)];
      await using fleet = await startFleet(image, 3);
      const [golden, clean, drifted] = fleet.instances as [LabInstance, LabInstance, LabInstance];
      const ofImage = await desk.manifest(image);
      const ofGolden = join(desk.dir, 'golden.manifest');
      const created = await snowfence([
        ...['manifest', 'create', `ssh://root@${golden.address}:22`, '--image', 'golden:1', '-o', ofGolden],
        ...['-i', fleet.keyFile, '--known-hosts', fleet.knownHosts, '--ssh-config', '/dev/null'],
      ]);
      expect(created.stderr).not.toContain('bug');
      await drifted.run('echo evil >/bin/evil; chmod 755 /bin/evil; printf "a\\nb" >"/usr/two$(printf "\\nlines")"');
      await drifted.run(
        'cp /bin/busybox /tmp/busybox; /tmp/busybox nc -l -p 4444 </dev/null >/dev/null 2>&1 & sleep 0.2',
      );
      await drifted.run(`echo 'sleep 600; true' >/tmp/x.sh; cd /tmp; sh x.sh </dev/null >/dev/null 2>&1 &
LD_PRELOAD=/tmp/x.so sleep 600 </dev/null >/dev/null 2>&1 & sleep 0.2`);
      for (const manifest of [ofImage, ofGolden]) {
        const before = await Promise.all([clean, drifted].map(stateOf));
        const result = await scan(fleet, [clean, drifted], manifest, more);
        expect([result.of(clean).verdict, result.live(clean)]).toEqual(['incomplete', []]);
        // No perl, no python3: nobody can read file capabilities there.
        expect(gapsOf(result, clean)).toEqual(['files tool-missing']);
        expect(result.live(drifted).map((finding) => `${finding.kind} ${finding.subject}`)).toEqual([
          'file /bin/evil',
          'file /usr/two\\x0alines',
          'process /tmp/busybox',
          'process LD_PRELOAD of /bin/busybox',
          'process script /tmp/x.sh',
          ...(manifest === ofGolden ? ['socket tcp6 :::4444'] : []),
        ]);
        expect(result.code).toBe(1);
        expect((await scan(fleet, [clean], manifest, more)).code).toBe(3);
        expect((await Promise.all([clean, drifted].map(stateOf))).join() === before.join()).toBe(true);
      }
    });
  },
  BUSYBOX_TOOLS,
);
