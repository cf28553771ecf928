import { expect, it } from 'vitest';
import { sh } from './drift-words.ts';
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
});
