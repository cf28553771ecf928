import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readStream } from '../../src/fingerprint/stream.ts';
import { decodeManifest } from '../../src/manifest/codec.ts';
import { dockerFiles, writeTar } from '../manifest/image/make.ts';
import { must, run } from './exec.ts';
import { startFleet } from './fleet.ts';
import type { LabImage } from './image-store.ts';
import { describeLab } from './require.ts';
import { RPM_TOOLS, type RpmFormat, rpmImage } from './rpmroot.ts';
import { Desk, SNOWFENCE, scan } from './scanning.ts';

const formats: RpmFormat[] = ['sqlite', 'bdb'];

/** Manifest of an image from a file as `docker save` writes it. */
async function manifestOfFile(desk: Desk, image: LabImage): Promise<string> {
  const files = dockerFiles([{ layers: [{ tar: await readFile(image.tar) }] }]);
  const archive = await writeTar(join(desk.dir, 'image.tar'), files);
  const file = join(desk.dir, 'manifest');
  const create = ['manifest', 'create', `docker-archive:${archive}`, '--image', image.ref, '-o', file];
  await must(process.execPath, [SNOWFENCE, ...create]);
  return file;
}

describeLab(
  'the manifest of an image file with an rpm database',
  () => {
    it.each(formats)('in %s knows what rpm -qa says, and finds nothing on a server of the image', async (format) => {
      const image = await rpmImage(format);
      await using desk = await Desk.open();
      const file = await manifestOfFile(desk, image);
      const { fingerprint } = decodeManifest(await readFile(file), file);
      await using fleet = await startFleet(image, 1);
      const [one] = fleet.instances;
      if (!one) throw new Error('no instance');
      const said = await one.run(['rpm', '-qa', '--qf', 'rpm %{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n']);
      const known = Array.from(readStream(fingerprint.packages), ([key, value]) => `${key} ${value}`);
      expect(known.sort()).toEqual(said.stdout.trim().split('\n').sort());
      expect([known.length, fingerprint.gaps]).toEqual([2, []]);
      const scanned = await scan(fleet, [one], file);
      expect(scanned.live(one)).toEqual([]);
      expect(scanned.of(one).gaps.filter(({ probe }) => probe === 'packages')).toEqual([]);
      const here = await run('ls', [join(image.dir, 'var/lib/rpm')]);
      expect(here.stdout).toContain(format === 'bdb' ? 'Packages' : 'rpmdb.sqlite');
    });

    it('says nothing of packages where the server has no rpm to ask', async () => {
      const image = await rpmImage('bdb');
      await using desk = await Desk.open();
      const file = await manifestOfFile(desk, image);
      await using fleet = await startFleet(image, 1);
      const [one] = fleet.instances;
      if (!one) throw new Error('no instance');
      await one.run('rm /usr/bin/rpm');
      const scanned = await scan(fleet, [one], file);
      expect(scanned.live(one).map(({ kind, change, subject }) => `${kind} ${change} ${subject}`)).toEqual([
        'file removed /usr/bin/rpm',
      ]);
      expect(scanned.of(one).gaps).toContainEqual(
        expect.objectContaining({ probe: 'packages', reason: 'tool-missing' }),
      );
    });
  },
  RPM_TOOLS,
);
