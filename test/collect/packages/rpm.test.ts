import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRpm, parseRpmFiles } from '../../../src/collect/packages/rpm.ts';
import { linesOfHeader, parseRpmHeader } from '../../../src/collect/packages/rpm-header.ts';
import { readSqliteTable } from '../../../src/collect/packages/sqlite-table.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/collect/packages/rpm/${name}`, import.meta.url));
/** What `rpm -qa` of rpm 4.18 said of a database: 13 packages, one with 400 files, and a key. */
const said = {
  ...parseRpm(fixture('packages.tsv').toString('latin1')),
  ...parseRpmFiles(gunzipSync(fixture('files.tsv.gz')).toString('latin1')),
};
const sorted = <V>(map: Map<string, V>) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));

describe('rpm', () => {
  it('joins the versions of one name, and names architectures where there are several', () => {
    const { packages, newest } = parseRpm(
      'kernel\t6.2-1\tx86_64\t1700000200\nkernel\t6.1-1\tx86_64\t1700000100\nglibc\t2.34-1\ti686\t1\nglibc\t2.34-1\tx86_64\t1\nbroken\n',
    );
    expect(sorted(packages)).toEqual({ 'rpm glibc': '2.34-1.i686,2.34-1.x86_64', 'rpm kernel': '6.1-1,6.2-1' });
    expect(newest).toBe(1_700_000_200);
  });

  it('tells a key from a package, and whose it is', () => {
    const key = said.packages.get('rpm-key 1e6fcc36-6b00eedd');
    expect(key).toBe('Lab Signing <lab@example.org> public key');
    expect([...said.packages.keys()].filter((name) => name.includes('gpg-pubkey'))).toEqual([]);
  });

  it('knows what a package put there, and nothing of a ghost', () => {
    expect(said.owned.get('/etc/small.conf')).toMatch(/^small [0-9a-f]{64} conffile$/);
    expect(said.owned.get('/usr/share/small/ghost')).toBe('small -');
    expect(said.shipped.has('/usr/share/small/ghost')).toBe(false);
    expect(said.shipped.get('/usr/bin/small')).toMatchObject({ mode: '4755', user: 'root', capabilities: true });
    expect(said.shipped.get('/usr/share/small')).toEqual({
      mode: '750',
      user: 'root',
      group: 'mail',
      capabilities: false,
    });
    expect(said.shipped.get('/usr/share/small/latest')).toMatchObject({ link: 'file-1' });
    expect(said.owned.size).toBeGreaterThan(450);
  });
});

describe('a header', () => {
  it('never throws for garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(8), (bytes, entries) => {
        const blob = Buffer.from(bytes);
        if (blob.length > 8) blob.writeUInt32BE(entries, 0);
        const header = parseRpmHeader(blob);
        if (header) linesOfHeader(header);
      }),
    );
  });

  /** A header of entries `tag type offset count` and their data. */
  const headerOf = (entries: number[][], data: Buffer) => {
    const numbers = [entries.length, data.length, ...entries.flat()];
    const head = Buffer.alloc(numbers.length * 4);
    for (const [i, number] of numbers.entries()) head.writeUInt32BE(number, i * 4);
    return Buffer.concat([head, data]);
  };

  it('that says one tag again and again, or one long directory of very many files, is none', () => {
    const [files, long] = [50_000, 20_000];
    const data = Buffer.concat([Buffer.alloc(files * 4), Buffer.alloc(long, 'd'), Buffer.alloc(files + 1)]);
    const [directories, bases] = [files * 4, files * 4 + long + 1];
    const filesOf = (count: number) =>
      headerOf(
        [
          [1116, 4, 0, count],
          [1118, 6, directories, 1],
          [1117, 8, bases, count],
        ],
        data,
      );
    expect(linesOfHeader(parseRpmHeader(filesOf(20)) ?? new Map()).files).toHaveLength(20);
    expect(parseRpmHeader(filesOf(files))).toBeUndefined();
    const again = (times: number) =>
      headerOf(
        Array.from({ length: times }, () => [1117, 8, bases, files]),
        data,
      );
    expect(parseRpmHeader(again(2))?.get(1117)).toHaveLength(files);
    expect(parseRpmHeader(again(2000))).toBeUndefined();
  });

  it('with more values than it has bytes is none', () => {
    const blob = Buffer.alloc(8 + 16 + 4);
    for (const [at, value] of [1, 4, 1030, 3, 0, 4_000_000_000].entries()) blob.writeUInt32BE(value, at * 4);
    expect(parseRpmHeader(blob)).toBeUndefined();
  });
});

describe('a table of SQLite', () => {
  it.each([512, 1024, 4096, 65_536])('with pages of %i bytes is what SQLite says', (size) => {
    const db = new Database(':memory:');
    db.pragma(`page_size = ${size}`);
    db.exec(
      'CREATE TABLE other (x); CREATE TABLE "Packages" (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)',
    );
    const insert = db.prepare('INSERT INTO Packages (blob) VALUES (?)');
    const lengths = [
      0,
      1,
      size - 36,
      size - 35,
      size - 34,
      size * 3,
      60_000,
      ...Array.from({ length: 300 }, (_, i) => i * 7),
    ];
    for (const length of lengths) insert.run(Buffer.alloc(length, length % 251));
    const rows = readSqliteTable(db.serialize(), 'Packages') ?? [];
    db.close();
    expect(rows.map(([, blob]) => (blob as Buffer).length)).toEqual(lengths);
    expect(rows.every(([, blob], i) => (blob as Buffer).every((byte) => byte === (lengths[i] ?? 0) % 251))).toBe(true);
  });

  it('that is not there, or not SQLite, is undefined', () => {
    expect(readSqliteTable(gunzipSync(fixture('rpmdb.sqlite.gz')), 'Nothing')).toBeUndefined();
    expect(readSqliteTable(Buffer.alloc(4096), 'Packages')).toBeUndefined();
  });
});
