import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { sh } from './drift-words.ts';
import { run } from './exec.ts';
import { type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, scan, scanArgs, snowfence } from './scanning.ts';

/** A package of one program, installed by the real apt, for the account that sudo says it works for. */
const installed = `d=/tmp/lab-tool; mkdir -p $d/DEBIAN $d/usr/bin
printf 'Package: lab-tool\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: lab <lab@example.org>\\nDescription: tool\\n' >$d/DEBIAN/control
printf '#!/bin/sh\\n' >$d/usr/bin/lab-tool; chmod 755 $d/usr/bin/lab-tool
dpkg-deb --build $d /tmp/lab-tool.deb >/dev/null
SUDO_UID=$(id -u warden) DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" /tmp/lab-tool.deb >/dev/null 2>&1
`;

/** The line that rsyslog writes of what a program says. No daemon of logs runs in the lab. */
const logged = (rest: string) => `echo "$(date +%Y-%m-%dT%H:%M:%S.000000%:z) $(hostname) ${rest}" >>/var/log/auth.log`;

describeLab('attribution', () => {
  it('names who did it, by the real log of apt and the log of authentication', async () => {
    const image = await labImage();
    await using desk = await Desk.open();
    const manifest = await desk.manifest(image);
    await using fleet = await startFleet(image, 4);
    const [packaged, peopled, edited, untouched] = fleet.instances as [
      LabInstance,
      LabInstance,
      LabInstance,
      LabInstance,
    ];
    await sh(installed)(packaged);
    await sh(`${logged('sudo:   warden : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/sbin/useradd -M eve')}
useradd -M -s /bin/sh eve
${logged('useradd[77]: new user: name=eve, UID=1999, GID=1999, home=/home/eve, shell=/bin/sh, from=/dev/pts/0')}`)(
      peopled,
    );
    await sh(`${logged('sudo:   warden : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/tee -a /etc/motd --token hunter22')}
echo drift >>/etc/motd`)(edited);
    const scanned = await scan(fleet, fleet.instances, manifest);

    const one = (instance: LabInstance) => {
      const findings = scanned.of(instance).findings.filter(({ disposition }) => disposition === 'drift');
      expect(findings.map(({ subject }) => subject)).toHaveLength(1);
      return findings[0];
    };
    const now = expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    expect(one(packaged)).toMatchObject({
      subject: 'lab-tool',
      attribution: [
        {
          by: 'warden',
          at: now,
          command: 'apt-get install -y -qq /tmp/lab-tool.deb',
          source: '/var/log/apt/history.log',
        },
      ],
    });
    expect(one(peopled)).toMatchObject({
      subject: 'user eve',
      attribution: [
        { by: 'warden', at: now, command: '/usr/sbin/useradd -M eve', source: '/var/log/auth.log' },
        { at: now, command: 'useradd', source: '/var/log/auth.log' },
      ],
    });
    expect(one(edited)).toMatchObject({
      subject: '/etc/motd',
      attribution: [{ by: 'warden', at: now, command: '/usr/bin/tee -a /etc/motd --token <not shown>' }],
    });
    expect(JSON.stringify(scanned.report)).not.toContain('hunter22');
    // The time is that of now, whatever the zone.
    const at = Date.parse(one(packaged)?.attribution?.[0]?.at ?? '');
    expect(Math.abs(at - Date.parse(scanned.report.scan.startedAt))).toBeLessThan(3600_000);
    expect([scanned.of(untouched).verdict, scanned.of(untouched).gaps]).toEqual(['clean', []]);

    const args = scanArgs(fleet, [packaged], manifest);
    args.splice(args.indexOf('--format'), 2);
    const { stdout } = await snowfence(args);
    expect(stdout).toMatch(
      /by warden, 20[\d-]+T\d\d:\d\dZ: apt-get install .* \(the host's own word: \/var\/log\/apt\/history\.log\)/,
    );
  });

  it('names who did it by the real journal of systemd, where nothing writes a log of authentication, or no longer', async () => {
    const image = await labImage();
    await using desk = await Desk.open();
    const manifest = await desk.manifest(image);
    await using fleet = await startFleet(image, 2);
    const [edited, closed] = fleet.instances as [LabInstance, LabInstance];
    for (const one of [edited, closed]) {
      await withJournalctl(one.root);
      await sh('rm -f /var/log/auth.log /var/log/auth.log.1; echo drift >>/etc/motd')(one);
      if (one === edited) await sh('echo old >/var/log/auth.log; touch -d 2020-01-01 /var/log/auth.log')(one);
      const said = 'warden : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/tee -a /etc/motd';
      await journal(one.root, [
        { SYSLOG_IDENTIFIER: 'sudo', _PID: '77', MESSAGE: said },
        { SYSLOG_IDENTIFIER: 'cron', MESSAGE: `sudo: ${said.replace('warden', 'liar')}` },
      ]);
    }
    const scanned = await scan(fleet, [edited], manifest);
    const [motd] = scanned.of(edited).findings.filter(({ subject }) => subject === '/etc/motd');
    expect(motd?.attribution).toEqual([
      { by: 'warden', at: expect.any(String), command: '/usr/bin/tee -a /etc/motd', source: 'journal' },
    ]);
    expect(Math.abs(Date.parse(motd?.attribution?.[0]?.at ?? '') - Date.now())).toBeLessThan(3600_000);
    await sh('chmod 600 /var/log/journal/*/system.journal')(closed);
    const unprivileged = await scan(fleet, [closed], manifest, [], 'scanner');
    expect(unprivileged.of(closed).gaps).toContainEqual({
      ...{ probe: 'attribution', reason: 'permission' },
      detail: expect.stringContaining('journal'),
    });
  });
});

/** Puts this machine's journalctl into an instance, with the libraries that it needs there. */
async function withJournalctl(root: string): Promise<void> {
  const { stdout } = await run('ldd', ['/usr/bin/journalctl']);
  const libraries = [...stdout.matchAll(/(\/\S+)/g)].map(([path]) => path);
  for (const file of ['/usr/bin/journalctl', ...libraries]) {
    const to = join(root, realpathSync(file));
    mkdirSync(dirname(to), { recursive: true });
    if (!existsSync(to)) copyFileSync(file, to);
    const link = join(root, file);
    if (!existsSync(link)) symlinkSync(realpathSync(file), link);
  }
}

/** Writes a journal as systemd does, by its own program. */
async function journal(root: string, entries: Record<string, string>[]): Promise<void> {
  const dir = join(root, 'var/log/journal', readFileSync(join(root, 'etc/machine-id'), 'utf8').trim());
  mkdirSync(dir, { recursive: true });
  const text = entries.map((entry, i) =>
    Object.entries({
      __REALTIME_TIMESTAMP: `${Date.now() * 1000 + i}`,
      __MONOTONIC_TIMESTAMP: `${1000 + i}`,
      _BOOT_ID: '1'.repeat(32),
      _HOSTNAME: 'lab',
      ...entry,
    })
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  await run('/lib/systemd/systemd-journal-remote', ['--output', join(dir, 'system.journal'), '-'], {
    input: `${text.join('\n')}\n`,
  });
}
