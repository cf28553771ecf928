import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clean, field, fitted, pad, textOf, widthOf, wrap } from '../../src/tui/cells.ts';
import { hostile } from './make.ts';

/** Anything that moves a cursor, changes a direction, or has no width that terminals agree on. */
const dangerous = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom(...'a 漢é\u0301🙂\u001b[]\n\ud800\u202e') }),
);

describe('cells', () => {
  it('show a hostile name as what it is, and nothing of it acts', () => {
    expect(clean(hostile)).not.toMatch(dangerous);
    expect(clean(hostile)).toContain('\\x1b[2J');
    expect(clean(hostile)).toContain('漢字🙂');
  });

  it('nothing that acts gets through, whatever it is', () => {
    fc.assert(fc.property(anyText, (text) => !dangerous.test(clean(text))));
  });

  it('a line is exactly as wide as it is asked to be', () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 4 }), fc.integer({ min: 0, max: 60 }), (texts, width) => {
        const spans = fitted(
          texts.map((text) => ({ text })),
          width,
        );
        expect(spans.reduce((sum, { text }) => sum + widthOf(text), 0)).toBe(width);
      }),
    );
  });

  it('wide letters are cut by cells, not by characters', () => {
    expect(pad('漢字漢字', 5)).toBe('漢字…');
    expect(pad('漢字漢字', 6)).toBe('漢字… ');
    expect(pad('abc', 5)).toBe('abc  ');
    expect(widthOf('e\u0301')).toBe(1);
  });

  it('a letter under a heap of marks keeps a few of them', () => {
    const heap = `a${'\u0301'.repeat(1000)}b`;
    expect(widthOf(pad(heap, 2))).toBe(2);
    expect(pad(heap, 1).length).toBeLessThan(20);
  });

  it('wraps between words, breaks what is too long, and loses nothing but blanks', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
    expect(wrap('', 10)).toEqual(['']);
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(Math.max(2, width));
        expect(lines.join('').replaceAll(' ', '').length).toBeLessThanOrEqual(clean(text).length);
      }),
    );
  });

  it('a field keeps its value beside its label', () => {
    expect(field('rule', 'a b', 14).map(textOf)).toEqual(['rule         a', '             b']);
  });
});
