import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Drift } from '../../src/core/finding.ts';
import { driftOf } from '../../src/drift/merge.ts';
import { encodeStream } from '../../src/fingerprint/stream.ts';

/** The same by maps: slow and plain. */
function model(before: Map<string, string>, after: Map<string, string>): Drift[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key): Drift[] => {
    const [a, b] = [before.get(key), after.get(key)];
    if (a === b) return [];
    return [
      {
        stream: 'files',
        change: a === undefined ? 'added' : b === undefined ? 'removed' : 'changed',
        key,
        ...(a === undefined ? {} : { before: a }),
        ...(b === undefined ? {} : { after: b }),
      },
    ];
  });
}

function agree(before: Map<string, string>, after: Map<string, string>): void {
  expect(driftOf('files', encodeStream(before), encodeStream(after))).toEqual(model(before, after));
}

const long = `/usr/share/${'directory/'.repeat(30)}`;
const key = fc.oneof(
  fc.nat(60).map((n) => `/k${String(n).padStart(3, '0')}`),
  fc.nat(30).map((n) => `${long}${n}`),
  fc.array(fc.constantFrom('a', '/', '\x01', '\xff', 'b'), { minLength: 1, maxLength: 5 }).map((p) => p.join('')),
);
const value = fc.oneof(
  fc.constantFrom('', 'x', 'xy', 'y', '\xff', 'v'.repeat(700)),
  fc.string({ maxLength: 3 }).map((s) => s.replace(/[^ -~]/g, '')),
);
const facts = fc.array(fc.tuple(key, value), { maxLength: 60 }).map((entries) => new Map(entries));

type Edit = { at: number; kind: 'drop' | 'change' | 'add'; text: string };
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('drop', 'change', 'add'),
  text: fc.constantFrom('', '0', 'z', 'long'.repeat(40)),
});

/** The map with some of its entries, or runs of neighbours, edited. */
function edited(map: Map<string, string>, edits: Edit[]): Map<string, string> {
  const result = new Map(map);
  const keys = [...map.keys()].sort();
  for (const { at, kind, text } of edits) {
    const k = keys[at % Math.max(1, keys.length)] ?? '/none';
    if (kind === 'drop') result.delete(k);
    else if (kind === 'change') result.set(k, `${map.get(k) ?? ''}${text}`);
    else result.set(`${k}${text}`, text);
  }
  return result;
}

describe('the merge is what maps say', () => {
  it('for unrelated streams', () => {
    fc.assert(fc.property(facts, facts, agree), { numRuns: 2000 });
  });

  it('for a stream and its edited copy', () => {
    fc.assert(
      fc.property(facts, fc.array(edit, { maxLength: 12 }), (map, edits) => {
        agree(map, edited(map, edits));
        agree(edited(map, edits), map);
      }),
      { numRuns: 2000 },
    );
  });

  it('for streams of many windows with few and clustered differences', () => {
    const big = new Map(
      Array.from({ length: 12_000 }, (_, n) => [
        `/usr/lib/file-${String(n).padStart(6, '0')}`,
        `f 644 0 0 ${n} ${'a'.repeat(64)} -`,
      ]),
    );
    expect(encodeStream(big).length).toBeGreaterThan(10 * 65_536);
    const spot = fc.record({
      from: fc.nat(11_999),
      count: fc.integer({ min: 1, max: 30 }),
      kind: fc.constantFrom<Edit['kind']>('drop', 'change', 'add'),
    });
    const keys = [...big.keys()];
    fc.assert(
      fc.property(fc.array(spot, { maxLength: 5 }), (spots) => {
        const other = new Map(big);
        for (const { from, count, kind } of spots)
          for (const k of keys.slice(from, from + count)) {
            if (kind === 'drop') other.delete(k);
            else if (kind === 'change') other.set(k, `${big.get(k)}!`);
            else other.set(`${k}-new`, 'x');
          }
        agree(big, other);
      }),
      { numRuns: 40 },
    );
  });

  it('at the borders of windows, byte by byte', () => {
    for (let pad = 0; pad < 40; pad++) {
      const first = `/a${'p'.repeat(pad)}`;
      const base = new Map([
        [first, 'v'.repeat(65_536 - 45)],
        ['/b', 'x'],
        ['/c', 'y'],
      ]);
      agree(base, new Map([...base, ['/b', 'z']]));
      agree(base, new Map([...base, ['/bb', '']]));
      agree(base, new Map([...base].filter(([k]) => k !== '/b')));
    }
  });

  it('for an empty side, and for keys that are prefixes of each other', () => {
    const some = new Map([
      ['a', '1'],
      ['a\x01', '2'],
      ['ab', '3'],
      ['abc', ''],
    ]);
    agree(new Map(), some);
    agree(some, new Map());
    agree(new Map(), new Map());
    agree(
      some,
      new Map([
        ['a\x01', '2'],
        ['ab', '4'],
      ]),
    );
  });
});
