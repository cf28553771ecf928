import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { probes } from '../../src/collect/registry.ts';
import { must, sleep } from './exec.ts';
import { type Fleet, type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import type { LabImage } from './image-store.ts';
import { describeLab } from './require.ts';
import { Desk, SNOWFENCE, scan, scanArgs } from './scanning.ts';

/** Everything of an instance's disk that a scan could change; access times are not among it. */
async function stateOf({ root }: LabInstance): Promise<string> {
  const list = await must('find', [root, '-printf', '%p %m %U %G %s %T@ %C@ %i %l\\n']);
  return list.split('\n').sort().join('\n');
}

const first = (fleet: Fleet) => fleet.instances[0] as LabInstance;

/** Processes of ours on the instance, and what is in its memory file system. */
const remains = `for p in /proc/[0-9]*; do
  [ $p = /proc/$$ ] && continue
  tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -Eq 'sh -s -- / live|SF_DIR|stat:|/opt/big|^sleep' && echo "$p $(tr '\\0' ' ' <$p/cmdline | head -c 60)"
  for f in $p/fd/*; do [ "$(readlink $f)" = /opt/big ] && echo "$p has /opt/big"; done
done
ls -A /dev/shm`;

/** Starts a scan that hashes a file for minutes, and gives the scanner once it does. */
async function hashing(fleet: Fleet, one: LabInstance, manifest: string, more: readonly string[] = []) {
  await one.run('truncate --size 64G /opt/big');
  const args = scanArgs(fleet, [one], manifest, ['--max-file-size', '0', ...more]);
  const child = spawn(process.execPath, [SNOWFENCE, ...args], { stdio: 'ignore' });
  const open = 'for f in /proc/[0-9]*/fd/*; do [ "$(readlink $f)" = /opt/big ] && exit 0; done; exit 1';
  for (let tries = 0; (await one.run(open)).code !== 0; tries++) {
    if (tries > 300 || child.exitCode !== null) throw new Error('the scan never came to the long file');
    await sleep(50);
  }
  expect((await one.run(remains)).stdout).toMatch(/has \/opt\/big[\s\S]*\.snowfence-/);
  return child;
}

async function nothingRemains(one: LabInstance, timeout: number): Promise<void> {
  await expect.poll(async () => (await one.run(remains)).stdout, { timeout, interval: 500 }).toBe('');
}

/** What is done to a server, with which flags it is scanned, and what must be said of it: live findings and gaps. */
const targets: Record<
  string,
  { bring?: readonly [from: string, to: string]; setup: string; flags?: string[]; live: string[]; gaps: string[] }
> = {
  'no setsid': { setup: 'rm /usr/bin/setsid', live: ['/usr/bin/setsid'], gaps: [] },
  // The walk does without; nothing else does.
  'no awk': {
    setup: 'rm /usr/bin/mawk',
    live: ['/usr/bin/mawk'],
    gaps: Object.keys(probes)
      .filter((name) => name !== 'os' && name !== 'files')
      .map((name) => `${name} tool-missing`)
      .sort(),
  },
  'no mktemp': { setup: 'rm /usr/bin/mktemp', live: ['/usr/bin/mktemp'], gaps: [] },
  'no hasher': {
    setup: 'rm -f /usr/bin/sha256sum /usr/bin/openssl',
    live: ['/usr/bin/openssl', '/usr/bin/sha256sum'],
    gaps: ['files tool-missing'],
  },
  'nothing that reads attributes': {
    setup: 'rm /usr/bin/perl /usr/bin/perl5.36.0',
    live: ['/usr/bin/perl', '/usr/bin/perl5.36.0'],
    gaps: ['files tool-missing'],
  },
  'nothing that reads attributes, and no /dev/shm': {
    setup: 'rm /usr/bin/perl /usr/bin/perl5.36.0; umount /dev/shm',
    live: ['/usr/bin/perl', '/usr/bin/perl5.36.0'],
    gaps: ['files tool-missing'],
  },
  'no /dev/shm': { setup: 'umount /dev/shm', live: [], gaps: [] },
  // It is in no image, so it comes from this machine. Its file is told, and that it runs: we do.
  'mksh as sh': {
    bring: ['/bin/mksh', '/root/sh'],
    setup: 'mv /root/sh /usr/bin/dash',
    live: ['/usr/bin/dash', '/usr/bin/dash'],
    gaps: [],
  },
  'ksh93 as sh': {
    bring: ['/bin/ksh93', '/root/sh'],
    setup: 'mv /root/sh /usr/bin/dash',
    live: ['/usr/bin/dash', '/usr/bin/dash'],
    gaps: [],
  },
  'another awk': {
    bring: ['/usr/bin/original-awk', '/root/awk'],
    setup: 'mv /root/awk /usr/bin/mawk',
    live: ['/usr/bin/mawk'],
    gaps: [],
  },
  'a restricted shell': { setup: 'usermod --shell /bin/rbash root', live: [], gaps: ['connect garbled'] },
  'a forced command': {
    setup: 'sed -i "s/^ssh-/command=\\"echo hello\\" ssh-/" /root/.ssh/authorized_keys',
    live: [],
    gaps: ['connect garbled'],
  },
  'no sudo': { setup: 'rm /usr/bin/sudo', flags: ['--sudo'], live: [], gaps: [expect.stringMatching(/^connect /)] },
  'a poisoned PATH': {
    setup: `mkdir /srv/bin; for t in find sh sed awk openssl; do printf '#!/bin/sh\\necho owned\\n' >/srv/bin/$t; done; chmod -R 755 /srv/bin
      printf 'PATH=/srv/bin:$PATH\\nexport PATH\\nfind() { echo owned; }\\nexport -f find\\n' >/root/.bashrc`,
    live: [],
    gaps: [],
  },
};

describeLab('hostile places', () => {
  let image: LabImage;
  let desk: Desk;
  let manifest: string;
  beforeAll(async () => {
    image = await labImage();
    desk = await Desk.open();
    manifest = await desk.manifest(image);
  });
  afterAll(() => desk?.[Symbol.asyncDispose]());

  it('a scanner that is killed leaves nothing running and nothing in memory', async () => {
    await using fleet = await startFleet(image, 1);
    const one = first(fleet);
    const scanner = await hashing(fleet, one, manifest);
    scanner.kill('SIGKILL');
    await nothingRemains(one, 15_000);
  });

  it('a connection that dies without a word: the program ends by its own clock', async () => {
    await using fleet = await startFleet(image, 1);
    const one = first(fleet);
    const scanner = await hashing(fleet, one, manifest, ['--timeout', '8']);
    // The server's side does not learn of the end: it is stopped, and so cannot go.
    await fleet.freeze(one);
    scanner.kill('SIGKILL');
    await nothingRemains(one, 30_000);
    await fleet.thaw(one);
  });

  it('each target is read right or says what it lacks, and is not written to', async () => {
    const names = Object.keys(targets);
    await using fleet = await startFleet(image, names.length);
    for (const [index, name] of names.entries()) {
      const one = fleet.instances[index] as LabInstance;
      const { bring, setup, flags = [], live, gaps } = targets[name] as (typeof targets)[string];
      if (bring) await must('cp', [bring[0], join(one.root, bring[1])]);
      const done = await one.run(setup);
      expect([name, done.stderr, done.code]).toEqual([name, '', 0]);
      const before = await stateOf(one);
      const result = await scan(fleet, [one], manifest, flags);
      const said = [...new Set(result.of(one).gaps.map((gap) => `${gap.probe} ${gap.reason}`))].sort();
      const subjects = result.live(one).map(({ subject }) => subject);
      expect({ name, said }).toEqual({ name, said: gaps });
      if (name === 'a poisoned PATH')
        expect(subjects).toEqual(expect.arrayContaining(['shell start-up file .bashrc of root', '/srv/bin/find']));
      else expect({ name, subjects }).toEqual({ name, subjects: live });
      expect([name, (await stateOf(one)) === before]).toEqual([name, true]);
      expect((await one.run('ls -A /dev/shm')).stdout).toBe('');
    }
  });
});
