import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRpm, parseRpmFiles } from '../../../src/collect/packages/rpm.ts';
import { type RpmDatabase, readRpmDatabase } from '../../../src/collect/packages/rpm-database.ts';
import { parseRpmHeader, rpmTags } from '../../../src/collect/packages/rpm-header.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/collect/packages/rpm/${name}`, import.meta.url));
const database = (name: string) => gunzipSync(fixture(`${name}.gz`));

/**
 * The same 13 packages and a key in each format. rpm 4.18 made sqlite and ndb (the latter with erased packages); Berkeley
 * DB 5.3 made the others of the same headers: with erased ones, with pages of 512 bytes and sums in the other byte
 * order, and with headers short enough for the buckets' own pages, some of which were never written.
 */
const names = ['rpmdb.sqlite', 'Packages.db', 'Packages', 'Packages-big-endian', 'Packages-on-page'];
const ndb = database('Packages.db');
const bdb = database('Packages');

/** What `rpm -qa` said of it. */
const said = {
  ...parseRpm(fixture('packages.tsv').toString('latin1')),
  ...parseRpmFiles(gunzipSync(fixture('files.tsv.gz')).toString('latin1')),
};
const sorted = <V>(map: Map<string, V>) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
const plain = ({ packages, owned, shipped, newest }: typeof said) => [
  ...[sorted(packages), sorted(owned), sorted(shipped)],
  newest,
];

function whole(read: RpmDatabase): boolean {
  if ('why' in read) return false;
  expect(plain(read.facts)).toEqual(plain(said));
  return true;
}

const why = (bytes: Buffer) => {
  const read = readRpmDatabase(bytes);
  return 'why' in read ? read.why : 'read';
};

/** A copy with some bytes written over. */
function written(bytes: Buffer, at: number, ...values: number[]): Buffer {
  const copy = Buffer.from(bytes);
  copy.set(values, at);
  return copy;
}

describe.each(names)('the database %s of rpm in an image file', (name) => {
  const bytes = database(name);

  it('holds what the rpm command says of it', () => {
    expect(whole(readRpmDatabase(bytes))).toBe(true);
  });

  it('is not read in part: cut anywhere, it is no database or a whole one', () => {
    // SQLite says nowhere how long its file is, so each of those takes its time.
    const step = name === 'rpmdb.sqlite' ? 4099 : 1;
    let cut = 0;
    for (let end = 0; end < bytes.length; end += step) {
      const read = readRpmDatabase(bytes.subarray(0, end));
      if ('why' in read) cut++;
      else whole(read);
    }
    expect(cut).toBeGreaterThan((bytes.length / step) * 0.7);
  });

  it('never throws for damage, and always ends', () => {
    const spots = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(spots, (changes) => {
        const copy = Buffer.from(bytes);
        for (const [at, byte] of changes) copy[at % 2 ? at % 8192 : at] = byte;
        expect(() => readRpmDatabase(copy)).not.toThrow();
      }),
      { numRuns: 60 },
    );
  });

  it('never throws for garbage behind its first bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 512, maxLength: 8192 }), fc.constantFrom(24, 96, 512), (noise, kept) => {
        const copy = Buffer.from(noise);
        bytes.copy(copy, 0, 0, kept);
        expect(() => readRpmDatabase(copy)).not.toThrow();
      }),
    );
  });
});

describe('a database of rpm that cannot be read says why', () => {
  const damaged = /damaged/;

  it.each([
    ['nothing', Buffer.alloc(0), damaged],
    ['text', Buffer.from('no database'), /format that is not known/],
    ['ndb of a version to come', written(ndb, 4, 1), /version 1 is not known/],
    ['ndb without an end', ndb.subarray(0, ndb.length - 16), damaged],
    ['ndb that claims a million pages of slots', written(ndb, 12, 64, 66, 15, 0), damaged],
    ['bdb that is encrypted', written(bdb, 24, 1), /encrypted/],
    ['bdb of an older version', written(bdb, 16, 7), /version 7 .* not known/],
    ['bdb of a version to come', written(bdb, 16, 11), /version 11 .* not known/],
    ['bdb in several files', written(bdb, 36, 2), /partitions/],
    ['bdb that is a btree', written(bdb, 12, 0x62, 0x31, 0x05, 0x00), /btree/],
    ['bdb with pages of no size', written(bdb, 20, 0, 0, 0, 0), damaged],
    ['bdb with a bucket that is not counted', written(bdb, 72, 0), damaged],
    ['bdb with more buckets than pages', written(bdb, 72, 255, 255), damaged],
  ])('%s', (_, bytes, expected) => {
    expect(why(bytes)).toMatch(expected);
  });

  it('but not bdb whose buckets are unsorted, as before Berkeley DB 4.6: their pages are alike', () => {
    const old = written(bdb, 16, 8);
    for (let page = 4096; page < old.length; page += 4096) if (old[page + 25] === 13) old[page + 25] = 2;
    expect(old.equals(written(bdb, 16, 8))).toBe(false);
    expect(whole(readRpmDatabase(old))).toBe(true);
  });

  it('ndb with any byte of its packages changed', () => {
    const used = Array.from({ length: 254 }, (_, i) => 32 + i * 16).filter((at) => ndb.readUInt32LE(at + 8) > 0);
    expect(used.length).toBe(14);
    for (const at of used) {
      const from = ndb.readUInt32LE(at + 8) * 16;
      const to = from + ndb.readUInt32LE(at + 12) * 16;
      for (let spot = from; spot < to; spot += spot - from < 40 || to - spot < 40 ? 1 : 997)
        expect([spot, why(written(ndb, spot, (ndb[spot] ?? 0) ^ 64))]).toEqual([spot, expect.stringMatching(damaged)]);
    }
  });

  it('ndb with two slots of one package', () => {
    const [first, second] = [48, 64].map((at) => Buffer.from(ndb.subarray(at, at + 16)));
    expect(first?.equals(second as Buffer)).toBe(false);
    expect(why(written(ndb, 64, ...(first as Buffer)))).toMatch(damaged);
  });

  it('bdb with a ring of pages', () => {
    const rings = Array.from({ length: bdb.length / 4096 - 1 }, (_, i) => (i + 1) * 4096).map((page) =>
      why(written(bdb, page + 16, ...bdb.subarray(page + 8, page + 12))),
    );
    // The end of a chain is told by the length of the item, and pages that were given back are not looked at.
    expect(rings.filter((said) => damaged.test(said)).length).toBeGreaterThan(5);
    expect(rings.filter((said) => said !== 'read' && !damaged.test(said))).toEqual([]);
  });
});

it('a header that gives one long string again and again is refused before it is read as often', () => {
  const [entries, size] = [60_000, 16 * 2 ** 20];
  const header = Buffer.alloc(8 + entries * 16 + size, 'a');
  header.writeUInt32BE(entries, 0);
  header.writeUInt32BE(size, 4);
  for (let i = 0; i < entries; i++)
    [rpmTags.name, 6, 0, 1].forEach((value, field) => {
      header.writeUInt32BE(value, 8 + i * 16 + field * 4);
    });
  header[header.length - 1] = 0;
  expect(parseRpmHeader(header)).toBeUndefined();
});
