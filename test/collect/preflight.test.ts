import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame } from '../../src/collect/frames.ts';
import { nothingFound, parsePreflight, preflightProbes } from '../../src/collect/preflight.ts';
import { composeProgram } from '../../src/collect/program.ts';
import { probes } from '../../src/collect/registry.ts';

const found = (text: string) => {
  const result = nothingFound();
  parsePreflight(new Frame('preflight', Buffer.from(text, 'latin1')), result);
  return result;
};

describe('preflight', () => {
  it('understands what the question prints', () => {
    const text =
      'find plain\0hasher sha256sum\0attributes none\0grep-z \0lacks sed tr\0polite renice\0closed /root\0closed /etc/a b\0places 12\0';
    expect(found(text)).toEqual({
      ...{ find: 'plain', hasher: 'sha256sum', attributes: 'none', grepZ: false, lacks: ['sed', 'tr'] },
      ...{ polite: ['renice'], places: 12, unreadable: ['/root', '/etc/a b'] },
    });
    expect(found('find printf\0grep-z 1\0lacks\0')).toMatchObject({ find: 'printf', grepZ: true, lacks: [] });
  });

  it('asks here what this machine answers', () => {
    const program = composeProgram(preflightProbes().slice(0, 1));
    const answer = execFileSync('/bin/sh', ['-s', '--', '/', 'live', '0'], { input: program });
    const begin = answer.indexOf('\0B preflight\0') + 13;
    const result = nothingFound();
    parsePreflight(new Frame('preflight', answer.subarray(begin, answer.indexOf('\0E preflight\0') + 1)), result);
    expect(result.find).not.toBe('');
    expect(result.lacks).toEqual([]);
    expect(result.places).toBeGreaterThan(50);
  });

  it('is the same program each time, with every probe but the long walk', () => {
    expect(composeProgram(preflightProbes())).toBe(composeProgram(preflightProbes()));
    const names = preflightProbes().map(({ name }) => name);
    expect(names).toEqual(['preflight', ...Object.keys(probes).filter((name) => name !== 'files')]);
  });

  it('may be answered anything, and keeps little of it', () => {
    const word = fc.constantFrom('find ', 'closed ', 'places ', 'lacks ', 'polite ', '\0', '1', 'printf');
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 40 }), (parts) => {
        const result = found(parts.join(''));
        expect(['', 'printf', 'plain']).toContain(result.find);
        expect(Number.isSafeInteger(result.places)).toBe(true);
      }),
    );
    expect(found('closed /x\0'.repeat(5000)).unreadable).toHaveLength(1000);
  });
});
