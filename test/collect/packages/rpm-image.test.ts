import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { draftOfTree, wantedFromImage } from '../../../src/collect/offline.ts';
import { parseRpm } from '../../../src/collect/packages/rpm.ts';
import { isPackageDatabase } from '../../../src/collect/packages/tree.ts';
import { layer, type Made, read, scratch, writers } from '../../manifest/image/make.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/collect/packages/rpm/${name}`, import.meta.url));
const database = (name: string) => gunzipSync(fixture(`${name}.gz`));
const said = Object.fromEntries(parseRpm(fixture('packages.tsv').toString('latin1')).packages);

/** What an image file with these files says of its packages. */
async function inImage(scheme: string, files: Record<string, Buffer>) {
  const made: Made[] = Object.entries(files).map(([name, content]) => ({ name, content }));
  const write = Object.values(writers[scheme] ?? {})[0];
  if (!write) throw new Error(`nobody writes ${scheme}`);
  const location = await write(await scratch(), [{ layers: [await layer(...made)] }]);
  const draft = draftOfTree(await read(scheme, location, wantedFromImage), []);
  const gaps = draft.gaps.map(({ probe, reason, detail }) => `${probe} ${reason} ${detail}`);
  return { packages: Object.fromEntries(draft.packages), gaps, draft };
}

const formats = ['rpmdb.sqlite', 'Packages.db', 'Packages'];
const places = ['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm'];

describe.each(Object.keys(writers))('%s', (scheme) => {
  it.each(formats)('with rpm database %s, wherever it stands', async (name) => {
    for (const place of places) {
      const { packages, gaps, draft } = await inImage(scheme, { [`${place}/${name}`]: database(name) });
      expect([packages, gaps]).toEqual([said, []]);
      expect([draft.owned.size, draft.newestPackageAt > 1_600_000_000]).toEqual([490, true]);
    }
  });
});

describe('an image file whose rpm database cannot be read', () => {
  it.each([
    ['Packages', (bytes: Buffer) => bytes.subarray(0, 40_000), 'it is cut or damaged'],
    ['Packages', (bytes: Buffer) => Buffer.from(bytes).fill(1, 24, 25), 'it is encrypted'],
    ['Packages.db', (bytes: Buffer) => Buffer.from(bytes).fill(7, 4, 5), 'its version 7 is not known'],
    ['rpmdb.sqlite', (bytes: Buffer) => bytes.subarray(0, 0), 'it is cut or damaged, or of a format'],
  ])('%s: says why, and knows that it does not know', async (name, harm, why) => {
    const { packages, gaps, draft } = await inImage('oci', { [`var/lib/rpm/${name}`]: harm(database(name)) });
    expect(packages).toEqual({});
    expect(gaps).toEqual([expect.stringContaining(`unsupported the rpm database /var/lib/rpm/${name} of an image`)]);
    expect(gaps[0]).toContain(why);
    expect([...draft.partial]).toEqual(['packages']);
  });

  it('because changes are only in its log', async () => {
    const log = Buffer.alloc(4096, 1);
    const files = { 'var/lib/rpm/rpmdb.sqlite': database('rpmdb.sqlite'), 'var/lib/rpm/rpmdb.sqlite-wal': log };
    expect((await inImage('oci', files)).gaps).toEqual([expect.stringContaining('only in its log')]);
  });

  it('because it is too large', () => {
    expect(isPackageDatabase('/var/lib/rpm/Packages', 256 * 1024 * 1024)).toBe(true);
    expect(isPackageDatabase('/var/lib/rpm/Packages', 256 * 1024 * 1024 + 1)).toBe(false);
  });
});

describe('databases of several formats in one directory', () => {
  const at = 'usr/lib/sysimage/rpm';

  it('that say the same are one', async () => {
    const files = Object.fromEntries(formats.map((name) => [`${at}/${name}`, database(name)]));
    const { packages, gaps } = await inImage('oci', files);
    expect([packages, gaps]).toEqual([said, []]);
  });

  it('that differ are a gap: rpm reads one of them', async () => {
    const empty = Buffer.alloc(4096);
    empty.write('RpmP');
    empty.writeUInt32LE(1, 12);
    for (let slot = 32; slot < 4096; slot += 16) empty.write('Slot', slot);
    const alone = await inImage('oci', { [`${at}/Packages.db`]: empty });
    expect([alone.packages, alone.gaps]).toEqual([{}, []]);
    const files = { [`${at}/Packages.db`]: empty, [`${at}/rpmdb.sqlite`]: database('rpmdb.sqlite') };
    const { packages, gaps } = await inImage('oci', files);
    expect(packages).toEqual(said);
    expect(gaps).toEqual([expect.stringContaining(`/${at}/Packages.db of an image file says other than`)]);
  });
});
