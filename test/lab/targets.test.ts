import { expect, it } from 'vitest';
import { BUSYBOX_TOOLS, busyboxImage } from './busybox.ts';
import { run } from './exec.ts';
import { firstBootFiles } from './first-boot.ts';
import { startFleet } from './fleet.ts';
import { describeLab } from './require.ts';
import { RPM_FILES, RPM_PACKAGES, RPM_TOOLS, rpmImage } from './rpmroot.ts';
import { changedFiles, ssh } from './testing.ts';

describeLab(
  'busybox target',
  () => {
    it('answers over ssh by dropbear, with busybox and nothing else', async () => {
      const image = await busyboxImage();
      await using fleet = await startFleet(image, 2);
      for (const one of fleet.instances) {
        expect((await ssh(fleet, one, 'root', 'hostname; id -u')).stdout).toBe(`${one.name}\n0\n`);
        expect((await ssh(fleet, one, 'scanner', 'id -u')).stdout).toBe('1500\n');
        expect((await one.run('for p in bash perl openssl getcap gawk; do command -v $p; done')).stdout).toBe('');
        expect((await one.run('find / -maxdepth 0 -printf x')).stderr).toMatch(/unrecognized/);
        expect(changedFiles(one.upper)).toEqual(firstBootFiles(image));
      }
      const [first] = fleet.instances;
      if (!first) throw new Error('no instance');
      const before = first.hostKey;
      await fleet.recreate(first);
      expect(first.hostKey).not.toBe(before);
      expect((await ssh(fleet, first, 'root', 'echo back')).stdout).toBe('back\n');
    });
  },
  BUSYBOX_TOOLS,
);

describeLab(
  'rpm target',
  () => {
    it('has a database that rpm reads from here and from inside', async () => {
      const image = await rpmImage();
      const query = ['-qa', '--qf', '%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}\\n'];
      const offline = await run('rpm', ['--root', image.dir, '--define', '_dbpath /var/lib/rpm', ...query]);
      expect(offline.stdout.trim().split('\n').sort()).toEqual(RPM_PACKAGES);
      await using fleet = await startFleet(image, 1);
      const [one] = fleet.instances;
      if (!one) throw new Error('no instance');
      expect((await one.run(['rpm', ...query])).stdout.trim().split('\n').sort()).toEqual(RPM_PACKAGES);
      expect((await ssh(fleet, one, 'root', 'rpm -ql lab-data')).stdout).toContain(RPM_FILES['lab-data'][1]);
      expect((await one.run('rpm -V lab-hello')).stdout).toBe('');
      await one.run('echo tampered >>/usr/bin/lab-hello');
      expect((await one.run('rpm -V lab-hello')).stdout).toMatch(/^S\.5.* \/usr\/bin\/lab-hello$/m);
    });
  },
  RPM_TOOLS,
);
