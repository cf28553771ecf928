import { afterAll, beforeAll, expect, it } from 'vitest';
import { isLive } from '../../src/core/finding.ts';
import type { Report } from '../../src/core/report.ts';
import { BUSYBOX_TOOLS, busyboxImage } from './busybox.ts';
import { type LabInstance, startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { describeLab } from './require.ts';
import { Desk, type Seen, scan, seen, snowfence, sorted } from './scanning.ts';

const intruder = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGludHJ1ZGVyaW50cnVkZXJpbnRydWRlcmludHJ1ZGU';
const intruderPrint = 'SHA256:1Cq/zavf9hCz6BGqmANY7XuY+Z15dZqb3EdS8p4eKx8';

/** Changes that need nothing but a shell, and what each is. */
const changes = `
mkdir -p /etc/cron.d /etc/crontabs /var/spool/cron/crontabs /etc/sysctl.d /etc/sudoers.d
echo '* * * * * root a --password=hunter2' >/etc/cron.d/a
echo '@daily b' >/etc/crontabs/root; chmod 600 /etc/crontabs/root
echo '@daily c' >/var/spool/cron/crontabs/scanner; chmod 600 /var/spool/cron/crontabs/scanner
echo 'kernel.kptr_restrict = 0' >/etc/sysctl.d/a.conf
echo 'scanner ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/a; chmod 440 /etc/sudoers.d/a
echo '::respawn:/opt/x' >/etc/inittab
echo 'permit nopass scanner' >/etc/doas.conf; chmod 400 /etc/doas.conf
echo /opt/x.so >/etc/ld.so.preload
echo '${intruder} eve' >>/root/.ssh/authorized_keys
`;
const subjects = [
  'account sudo rule scanner ALL=(ALL) NOPASSWD: ALL',
  'account doas rule permit nopass scanner',
  'job cron job of root: * * * * * a --password=<not shown>',
  'job cron job of root: @daily b',
  'job cron job of scanner: @daily c',
  `key authorized key of root ${intruderPrint}`,
  'service inittab entry /opt/x',
  'setting preloaded library /opt/x.so',
  'setting sysctl kernel.kptr_restrict',
];

describeLab(
  'what configuration means',
  () => {
    let desk: Desk;
    beforeAll(async () => {
      desk = await Desk.open();
    });
    afterAll(() => desk?.[Symbol.asyncDispose]());

    it.each([
      ['Debian', labImage],
      ['busybox', busyboxImage],
    ])('is the same over ssh and read from its disk, and nothing is said twice: %s', async (_, imageOf) => {
      const image = await imageOf();
      const manifest = await desk.manifest(image);
      await using fleet = await startFleet(image, 2);
      const [one, untouched] = fleet.instances as [LabInstance, LabInstance];
      const done = await one.run(['/bin/sh', '-e', '-s'], { input: changes });
      expect(done.code).toBe(0);

      const live = await scan(fleet, [one, untouched], manifest);
      const found = live.live(one);
      expect(found.map(({ kind, subject }) => `${kind} ${subject}`).sort()).toEqual([...subjects].sort());
      expect(live.live(untouched)).toEqual([]);
      expect(JSON.stringify(live.report)).not.toContain('hunter2');

      const { stdout } = await snowfence([
        ...['scan', `rootfs:${one.root}`, '--manifest', manifest, '--no-store', '--format', 'json'],
      ]);
      const [offline] = (JSON.parse(stdout) as Report).instances;
      // Of a disk nobody says which key it was launched with.
      const strange = ({ subject }: Seen) => !/^authorized key /.test(subject) || subject.endsWith(intruderPrint);
      expect(sorted((offline?.findings ?? []).filter(isLive).map(seen)).filter(strange)).toEqual(found);
    });
  },
  BUSYBOX_TOOLS,
);
