import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aliasResolver } from '../../src/fingerprint/alias.ts';
import { isExecutable, isSetId, parseFileValue } from '../../src/fingerprint/files.ts';
import { countFacts, encodeLines, encodeStream, keysBelow, lookup, readStream } from '../../src/fingerprint/stream.ts';
import { hashTotals } from '../../src/fingerprint/totals.ts';

/** Strings without NUL and LF, with many shared prefixes and every kind of byte next to the separators. */
const part = fc.constantFrom(
  '/',
  'a',
  'b',
  'ab',
  '/usr/',
  'lib',
  '\x01',
  '\x09',
  '\x0b',
  ' ',
  '\xff',
  '\x80',
  'x'.repeat(50),
);
const key = fc.array(part, { minLength: 1, maxLength: 6 }).map((p) => p.join(''));
const value = fc.array(part, { maxLength: 3 }).map((p) => p.join(''));
const facts = fc.array(fc.tuple(key, value), { maxLength: 40 }).map((entries) => new Map(entries));
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));

describe('a stream', () => {
  it('gives back what went in, in byte order of the keys', () => {
    fc.assert(
      fc.property(facts, (map) => {
        const read = [...readStream(encodeStream(map))];
        expect(read).toEqual([...map].sort(([a], [b]) => byBytes(a, b)));
        expect(countFacts(encodeStream(map))).toBe(map.size);
      }),
      { numRuns: 1000 },
    );
  });

  it('is the same bytes whatever the order of what went in', () => {
    fc.assert(fc.property(facts, (map) => encodeStream(new Map([...map].reverse())).equals(encodeStream(map))));
  });

  it('finds each key that is there and none that is not', () => {
    fc.assert(
      fc.property(facts, fc.array(key), (map, others) => {
        const stream = encodeStream(map);
        for (const k of [...map.keys(), ...others]) expect(lookup(stream, k), k).toBe(map.get(k));
      }),
      { numRuns: 1000 },
    );
  });

  it('of nothing is empty', () => {
    expect(encodeLines([]).length).toBe(0);
    expect([...readStream(encodeLines([]))]).toEqual([]);
    expect(lookup(encodeLines([]), '/a')).toBeUndefined();
  });
});

describe('the value of a file', () => {
  it.each([
    ['f 4755 0 0 12 abc -', { type: 'f', mode: '4755', sha256: 'abc', capabilities: '-', link: '' }],
    ['l 777 0 0 - - - to a place', { type: 'l', link: 'to a place' }],
    ['l 777 0 0 - - -  leading', { type: 'l', link: ' leading' }],
    ['l 777 0 0 - - - ', { type: 'l', link: '' }],
  ])('%s', (text, wanted) => {
    expect(parseFileValue(text)).toMatchObject(wanted);
  });

  it('says what runs and with whose rights', () => {
    const of = (text: string) => ({ runs: isExecutable(parseFileValue(text)), setId: isSetId(parseFileValue(text)) });
    expect(of('f 755 0 0 1 a -')).toEqual({ runs: true, setId: false });
    expect(of('f 2755 0 0 1 a -')).toEqual({ runs: true, setId: true });
    expect(of('f 1644 0 0 1 a -')).toEqual({ runs: false, setId: false });
    expect(of('d 2755 0 0 - - -')).toEqual({ runs: false, setId: false });
  });
});

it('paths of a package follow the links of a merged /usr, only where they are', () => {
  const resolve = aliasResolver(
    encodeStream(
      new Map([
        ['/bin', 'l 777 0 0 - - - usr/bin'],
        ['/lib', 'd 755 0 0 - - -'],
        ['/up', 'l 777 0 0 - - - ../../usr'],
      ]),
    ),
  );
  expect(['/bin/cat', '/lib/x', '/sbin/y', '/bin', '/up/z'].map(resolve)).toEqual([
    '/usr/bin/cat',
    '/lib/x',
    '/sbin/y',
    '/bin',
    '/usr/z',
  ]);
});

it('a key that comes twice is one fact', () => {
  const stream = encodeLines(['/b\0l 777 0 0 - - - x', '/a\0f 644', '/b\0f 644 0 0 1 ? -', '/bb\0d 755']);
  expect([...readStream(stream)].map(([key]) => key)).toEqual(['/a', '/b', '/bb']);
});

it('counts the regular files that were hashed, and their bytes', () => {
  const sum = 'a'.repeat(64);
  const stream = encodeLines([
    `/a ? b\0f 644 0 0 5 ${sum} -`,
    '/c\0f 644 0 0 7 ? -',
    '/d\0d 755 0 0 - - -',
    `/e\0f 644 0 0 0 ${sum} ?`,
  ]);
  expect(hashTotals(stream)).toEqual({ seen: 3, hashed: 2, bytes: 5 });
});

it('finds the keys below a prefix, and only those', () => {
  const stream = encodeLines([
    '/a\0d',
    '/etc/ssh\0d',
    '/etc/ssh/a\0f',
    '/etc/ssh/b\0f',
    '/etc/ssh.d\0f',
    '/etc/sshx\0f',
  ]);
  expect([...keysBelow(stream, '/etc/ssh/')]).toEqual(['/etc/ssh/a', '/etc/ssh/b']);
  expect([...keysBelow(stream, '/a')]).toEqual(['/a']);
  expect([...keysBelow(stream, '/etc/sshx')]).toEqual(['/etc/sshx']);
  expect([...keysBelow(stream, '/b')]).toEqual([]);
  expect([...keysBelow(stream, '/zzz')]).toEqual([]);
  expect([...keysBelow(Buffer.alloc(0), '/')]).toEqual([]);
});
