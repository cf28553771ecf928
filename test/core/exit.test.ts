import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ExitCode, exit, worstExit } from '../../src/core/exit.ts';

const codes = Object.values(exit);

describe('exit codes', () => {
  it('are the documented numbers', () => {
    expect(exit).toEqual({
      ...{ clean: 0, findings: 1, usage: 2, incomplete: 3, replacement: 4, bug: 70 },
      ...{ interrupted: 130, terminated: 143 },
    });
  });

  it.each<[ExitCode[], ExitCode]>([
    [[], 0],
    [[0, 0], 0],
    [[0, 3], 3],
    [[3, 1], 1],
    [[1, 4], 4],
    [[4, 130], 130],
    [[130, 143], 130],
    [[143, 1], 143],
    [[2, 130], 2],
    [[2, 70], 70],
  ])('of %j the process ends with %i', (several, one) => {
    expect(worstExit(several)).toBe(one);
  });

  it('order and repetition do not matter, and clean hides nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...codes)), (several) => {
        const one = worstExit(several);
        expect(worstExit([...several].reverse())).toBe(one);
        expect(worstExit([...several, ...several, exit.clean])).toBe(one);
        expect(one === exit.clean).toBe(several.every((c) => c === exit.clean));
      }),
    );
  });
});
