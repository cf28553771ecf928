import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { judgeInstance, policyCompiler } from '../../src/app/instance.ts';
import { loadPolicies } from '../../src/app/policies.ts';
import { probes } from '../../src/collect/registry.ts';
import { readAnswer } from '../../src/collect/run.ts';
import type { Answer } from '../../src/core/ports.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { decodeManifest } from '../../src/manifest/codec.ts';
import { instanceAt } from '../transport/contract.ts';
import { makeTruth, type Truth } from './evil.ts';

const all = Object.values(probes);
const now = new Date('2026-01-02T03:04:05Z');
let truth: Truth;
let judged: (stdout: Buffer, ended?: Answer['ended']) => { subjects: string[]; gaps: number };

beforeAll(async () => {
  truth = makeTruth();
  const manifest = decodeManifest(readFileSync(join(truth.dir.path, 'manifest')), 'it');
  const compile = policyCompiler((await loadPolicies([])).policies.map(({ policy }) => policy));
  judged = (stdout, ended = 'cut') => {
    const answer: Answer = { stdout, stderr: '', exitCode: ended === 'exit' ? 0 : null, ended };
    const live = buildFingerprint(readAnswer(answer, all, { root: '/', mode: 'live', since: 0 }));
    const { findings, gaps } = judgeInstance(instanceAt('ssh://x'), live, manifest, compile, now);
    const subjects = findings
      .filter(({ disposition }) => disposition === 'drift' || disposition === 'violation')
      .map(({ kind, change, subject }) => `${kind} ${change} ${subject}`);
    return { subjects, gaps: gaps.length };
  };
});
afterAll(() => truth.dir.remove());

it('the whole answer has nothing to find and nothing unread, packed or not', () => {
  expect(judged(truth.answer, 'exit')).toEqual({ subjects: [], gaps: 0 });
  expect(judged(truth.packed, 'exit')).toEqual({ subjects: [], gaps: 0 });
  expect(truth.packed.length).toBeLessThan(truth.answer.length);
});

it.each(['answer', 'packed'] as const)(
  'the %s, cut anywhere, yields no drift that the whole one does not, and is never clean',
  (form) => {
    const said = truth[form];
    // Behind the end mark of the last probe nothing is said any more.
    const end = said.indexOf('\0E files\0', 0, 'latin1') + 9;
    for (let n = 0; n < end; n++) {
      const { subjects, gaps } = judged(said.subarray(0, n));
      expect({ n, subjects }).toEqual({ n, subjects: [] });
      expect(gaps, `cut at ${n}`).toBeGreaterThan(0);
      // The same where the server lies about the end.
      expect({ n, ...judged(said.subarray(0, n), 'exit') }).toMatchObject({ n, subjects: [] });
    }
  },
  120_000,
);

it.each(['answer', 'packed'] as const)('the %s, changed, never makes the judgement throw', (form) => {
  const said = truth[form];
  fc.assert(
    fc.property(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(40), (at, bytes, drop) => {
      const place = at % said.length;
      const changed = Buffer.concat([said.subarray(0, place), bytes, said.subarray(place + drop)]);
      judged(changed, 'exit');
    }),
    { numRuns: 600 },
  );
});
