import { appendFile, chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BUSYBOX_TOOLS } from './busybox.ts';
import { databaseImage, upgrade } from './dbroot.ts';
import { added, changed } from './drift-words.ts';
import { must } from './exec.ts';
import { type Fleet, type LabInstance, startFleet } from './fleet.ts';
import type { LabImage } from './image-store.ts';
import { describeLab } from './require.ts';
import { RPM_TOOLS, rpmImage } from './rpmroot.ts';
import { Desk, scan, sorted } from './scanning.ts';

/** Four servers of an image: untouched, and changed in three ways. */
async function four(image: LabImage, change: (which: number, one: LabInstance) => Promise<void>) {
  await using desk = await Desk.open();
  const manifest = await desk.manifest(image);
  await using fleet: Fleet = await startFleet(image, 4);
  const instances = fleet.instances;
  for (const [which, one] of instances.entries()) if (which > 0) await change(which, one);
  const scanned = await scan(fleet, instances, manifest);
  expect(scanned.stderr).toBe('');
  return instances.map((one) => ({
    live: scanned.live(one),
    verdict: scanned.of(one).verdict,
    packages: scanned.of(one).findings.filter(({ kind }) => kind === 'package'),
    gaps: scanned.of(one).gaps.filter((gap) => gap.probe === 'packages'),
  }));
}

describeLab(
  'packages of apk and pacman on a busybox root',
  () => {
    it.each(['apk', 'pacman'] as const)('%s: an upgrade is one finding, and hides no tampering', async (manager) => {
      const [clean, upgraded, tampered, hidden] = await four(await databaseImage(manager), async (which, { root }) => {
        if (which !== 2) await upgrade(root, manager);
        if (which !== 1) await appendFile(join(root, 'usr/bin/lab-tool'), 'echo evil\n');
      });
      // busybox reads no capabilities: that is another probe's gap
      expect(clean).toMatchObject({ live: [], gaps: [] });
      expect(upgraded).toMatchObject({ live: changed('lab-tool', 'medium', 'package'), verdict: 'drifted', gaps: [] });
      expect(upgraded?.packages).toMatchObject([
        {
          before: { manager, version: '1.0-1' },
          after: { manager, version: '1.1-1' },
          explains: expect.any(Number),
        },
      ]);
      expect(upgraded?.packages[0]?.explains).toBeGreaterThanOrEqual(4);
      expect(tampered?.live).toEqual(changed('/usr/bin/lab-tool', 'critical'));
      expect(hidden?.live).toEqual(
        sorted([...changed('/usr/bin/lab-tool', 'critical'), ...changed('lab-tool', 'medium', 'package')]),
      );
    });

    it('apk: what was asked for without being installed is seen', async () => {
      const [, asked] = await four(await databaseImage('apk'), async (which, { root }) => {
        if (which === 1) await appendFile(join(root, 'etc/apk/world'), 'lab-more\n');
      });
      expect(asked).toMatchObject({ live: added('apk world lab-more', 'low', 'package'), verdict: 'snowflake' });
    });
  },
  BUSYBOX_TOOLS,
);

/** A newer lab-hello, built by rpm, whose program says something else. */
async function newerHello(work: string): Promise<string> {
  const spec = `Name: lab-hello
Version: 1.3
Release: 1
Summary: A program
License: Apache-2.0
BuildArch: noarch
%description
A program.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc %{buildroot}/usr/share/lab-hello
printf '#!/bin/sh\\necho hello again\\n' >%{buildroot}/usr/bin/lab-hello
printf '#!/bin/sh\\necho root\\n' >%{buildroot}/usr/bin/lab-root
echo greeting=hello >%{buildroot}/etc/lab-hello.conf
ln -s README.new %{buildroot}/usr/share/lab-hello/README
echo "Says more." >%{buildroot}/usr/share/lab-hello/README.new
%files
%attr(0755,root,root) /usr/bin/lab-hello
%attr(4755,root,root) /usr/bin/lab-root
%config(noreplace) %attr(0644,root,root) /etc/lab-hello.conf
%dir %attr(0755,root,root) /usr/share/lab-hello
/usr/share/lab-hello/README
%attr(0644,root,root) /usr/share/lab-hello/README.new
`;
  await writeFile(join(work, 'hello.spec'), spec);
  await must('rpmbuild', ['-bb', '--quiet', '--nodeps', '--define', `_topdir ${work}/b`, join(work, 'hello.spec')]);
  const folder = join(work, 'b/RPMS/noarch');
  return join(folder, (await readdir(folder))[0] ?? '');
}

describeLab(
  'packages of rpm',
  () => {
    it('an upgrade is one finding; content, mode and owner are what the database says, or are findings', async () => {
      const work = await mkdtemp(join(tmpdir(), 'snowfence-rpm-'));
      try {
        const file = await newerHello(work);
        const [clean, upgraded, tampered, mode] = await four(await rpmImage(), async (which, { root }) => {
          const rpm = [
            '--root',
            root,
            '--define',
            '_dbpath /var/lib/rpm',
            '-U',
            '--nodeps',
            '--noscripts',
            '--ignorearch',
          ];
          if (which !== 2) await must('rpm', [...rpm, file]);
          else await appendFile(join(root, 'usr/bin/lab-hello'), 'echo evil\n');
          if (which === 3) {
            await appendFile(join(root, 'usr/bin/lab-root'), 'echo evil\n');
            await chmod(join(root, 'usr/share/lab-hello/README.new'), 0o666);
          }
        });
        // busybox reads no capabilities: that is another probe's gap
        expect(clean).toMatchObject({ live: [], gaps: [] });
        expect(upgraded).toMatchObject({ live: changed('lab-hello', 'medium', 'package'), verdict: 'drifted' });
        expect(upgraded?.packages).toMatchObject([{ before: { version: '1.2.3-4' }, after: { version: '1.3-1' } }]);
        expect(tampered?.live).toEqual(changed('/usr/bin/lab-hello', 'critical'));
        expect(mode?.live).toEqual(
          sorted([
            ...added('/usr/bin/lab-root', 'critical'),
            ...added('/usr/share/lab-hello/README.new', 'medium'),
            ...changed('lab-hello', 'medium', 'package'),
          ]),
        );
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    });
  },
  RPM_TOOLS,
);
