import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { display, escapeName, keyOf, printable, unescapeName } from '../../src/core/bytes.ts';

const latin1 = fc.uint8Array({ maxLength: 40 }).map((b) => Buffer.from(b).toString('latin1'));
const nasty = fc
  .array(
    fc.constantFrom(
      '\\',
      'n',
      '\n',
      '\\n',
      '\x1b[31m',
      '\x7f',
      'é',
      'Ã',
      '\xff',
      '\xe2\x80\xae',
      '\xef\xbb\xbf',
      '\r',
      '\t',
      '/',
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1').toString('latin1'));
const name = fc.oneof(latin1, nasty);

/** What a terminal could obey, or an eye be deceived by: C0, DEL, C1, zero-width, bidi. */
const dangerous = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

describe('names', () => {
  it('come back from their key as they were', () => {
    fc.assert(
      fc.property(name, (raw) => unescapeName(escapeName(raw)) === raw),
      { numRuns: 2000 },
    );
  });

  it('hold no line feed as a key, and two names never share one', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(escapeName(a)).not.toContain('\n');
        expect(escapeName(a) === escapeName(b)).toBe(a === b);
      }),
      { numRuns: 2000 },
    );
  });

  it('shown never hold a control, bidi or zero-width character, and lose nothing that is not kept aside', () => {
    fc.assert(
      fc.property(name, (raw) => {
        const { text, base64 } = display(escapeName(raw));
        expect(text).not.toMatch(dangerous);
        const bytes = base64 === undefined ? Buffer.from(text, 'utf8') : Buffer.from(base64, 'base64');
        expect(bytes.equals(Buffer.from(raw, 'latin1'))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['/etc/passwd', '/etc/passwd', undefined],
    ['/srv/caf\xc3\xa9', '/srv/café', undefined],
    ['/srv/\xff', '/srv/\\xff', 'L3Nydi//'],
    ['/srv/a\nb', '/srv/a\\x0ab', 'L3Nydi9hCmI='],
    ['/srv/\x1b[2J', '/srv/\\x1b[2J', 'L3Nydi8bWzJK'],
    ['/srv/\xe2\x80\xaetxt', '/srv/\\u{202e}txt', 'L3Nydi/igK50eHQ='],
    ['/srv/back\\slash', '/srv/back\\slash', undefined],
  ])('%j is shown as %j', (raw, text, base64) => {
    expect(display(escapeName(raw))).toEqual(base64 === undefined ? { text } : { text, base64 });
  });

  it('written by people become the keys of the bytes', () => {
    expect(keyOf('/srv/café')).toBe('/srv/caf\xc3\xa9');
    expect(printable('plain ünïcode 雪')).toBe('plain ünïcode 雪');
  });
});
