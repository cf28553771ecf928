import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isLive } from '../../src/core/finding.ts';
import { must, pooled } from './exec.ts';
import { type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, PORTS, scan } from './scanning.ts';

/** One change of each kind. */
const DRIFT = `
cp /bin/true /usr/local/bin/evil; chmod 4755 /usr/local/bin/evil
echo '# x' >>/usr/bin/ldd
rm /usr/share/perl5/Debconf/Log.pm
echo 'mallory:x:0:0::/root:/bin/sh' >>/etc/passwd
echo '* * * * * root /bin/true' >/etc/cron.d/evil
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKxW7mHsybC24FDAlJK1pJ9+1VAvzujKZZxrKj7X6VnJ evil' >>/root/.ssh/authorized_keys
echo 'ALL ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/evil
dpkg --remove --force-depends ucf >/dev/null 2>&1
cp /usr/bin/sleep /tmp/x; setsid /tmp/x 600 >/dev/null 2>&1 </dev/null &
cp /usr/lib/x86_64-linux-gnu/libz.so.1 /tmp/evil.so
LD_PRELOAD=/tmp/evil.so setsid sleep 601 >/dev/null 2>&1 </dev/null &
setsid perl -MIO::Socket::INET -e 'IO::Socket::INET->new(Proto=>"tcp",LocalAddr=>"0.0.0.0",LocalPort=>4445,Listen=>1)&&sleep 600' >/dev/null 2>&1 </dev/null &
mkdir -p /srv/s; echo 'sleep 602' >/srv/s/run.sh; setsid sh /srv/s/run.sh >/dev/null 2>&1 </dev/null &
mount -t tmpfs none /usr/share/doc
mkdir -p /run/systemd/system; printf '[Service]\\nExecStart=/tmp/x\\n' >/run/systemd/system/evil.service
sleep 0.5
`;

/** What it does in place of the tool; what it needs stands in /run, where no file is looked at. */
const FAULTS = {
  fails: '#!/bin/sh\nexit 1\n',
  'is killed in the middle': '#!/bin/sh\n/run/real/TOOL "$@" | /run/real/busybox head -c 2000\nkill -9 $$\n',
};
const of = (fault: keyof typeof FAULTS, tools: string) => tools.split(' ').map((tool) => [tool, fault] as const);
const BROKEN = [
  ...of('fails', 'mawk sort cut grep readlink tr wc find xargs'),
  ...of('is killed in the middle', 'tr mawk sed grep find sort cut head cat stat xargs readlink'),
];

/** Probes whose gap says that findings of this kind may be missing. */
const probesOf: Record<string, string[]> = {
  account: ['accounts', 'contents', 'files'],
  file: ['files'],
  mount: ['mounts', 'files'],
  process: ['processes', 'traits'],
  job: ['contents', 'files'],
  key: ['contents', 'files'],
  service: ['units', 'contents', 'files'],
  socket: ['sockets'],
  package: ['packages'],
};
const POOL = 12;

describeLab('a server on which a tool', () => {
  it('is broken tells what it tells of others, or says what it could not read; and nothing that is not so', async () => {
    const image = await labImage();
    await using desk = await Desk.open();
    const manifest = await desk.manifest(image);
    const policy = await desk.file('lab.yaml', PORTS);
    await using fleet = await startFleet(image, POOL);
    let truth: string[] = [];
    const jobs = [['', 'fails'] as const, ...BROKEN];
    for (let first = 0; first < jobs.length; first += POOL) {
      const round = jobs.slice(first, first + POOL).map((job, i) => ({ job, one: fleet.instances[i] as LabInstance }));
      if (first > 0) await pooled(round, 4, ({ one }) => fleet.recreate(one));
      await pooled(round, 4, async ({ job: [tool, fault], one }) => {
        expect((await one.run(['/bin/bash', '-s'], { input: DRIFT })).code).toBe(0);
        if (tool) await breakTool(one, tool, FAULTS[fault]);
      });
      const instances = round.map(({ one }) => one);
      const scanned = await scan(fleet, instances, manifest, ['--policy', policy, '--timeout', '120']);
      for (const {
        job: [tool, fault],
        one,
      } of round) {
        const { findings, gaps, verdict } = scanned.of(one);
        const live = findings.filter(isLive).map(({ kind, change, subject }) => `${kind} ${change} ${subject}`);
        if (!tool) truth = live;
        const unread = new Set(gaps.filter(({ reason }) => reason !== 'covered').map(({ probe }) => probe));
        const silent = truth.filter(
          (one) => !live.includes(one) && !probesOf[one.split(' ', 1)[0] ?? '']?.some((probe) => unread.has(probe)),
        );
        // What is known of a file alone is told as that file: its path stands for what it says. The tools in /run are programs that run.
        const made = live.filter(
          (one) =>
            !truth.includes(one) &&
            !/^(?:account|file|job|key|package|service|setting) \w+ \//.test(one) &&
            !/^process \w+ \/run\/real\//.test(one),
        );
        expect({ tool, fault, silent, made }).toEqual({ tool, fault, silent: [], made: [] });
        expect([tool, fault, verdict]).not.toEqual([tool, fault, 'clean']);
      }
    }
    expect(new Set(truth.map((one) => one.split(' ', 1)[0]))).toEqual(new Set(Object.keys(probesOf)));
  });
});

async function breakTool(one: LabInstance, tool: string, script: string): Promise<void> {
  await one.run('mkdir /run/real');
  await must('cp', ['/usr/bin/busybox', join(one.root, 'root/busybox')]);
  const input = `mv /root/busybox /run/real/busybox
at=$(command -v ${tool})
cp -L "$at" /run/real/${tool}
cat >/run/real/new <<'X'
${script.replace('TOOL', tool)}X
chmod 755 /run/real/new
/run/real/busybox mv -f /run/real/new "$at"
`;
  const { code, stderr } = await one.run(['/bin/bash', '-e', '-s'], { input });
  if (code !== 0) throw new Error(`${tool} could not be broken: ${stderr}`);
}
