import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { judgeInstance, policyCompiler } from '../../src/app/instance.ts';
import { loadPolicies } from '../../src/app/policies.ts';
import { probes } from '../../src/collect/registry.ts';
import { readAnswer } from '../../src/collect/run.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { decodeManifest } from '../../src/manifest/codec.ts';
import { instanceAt } from '../transport/contract.ts';
import { makeTruth, type Truth, withFrame } from './evil.ts';

let truth: Truth;
beforeAll(() => {
  truth = makeTruth();
});
afterAll(() => truth.dir.remove());

const many = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join('');

it('hostile lists are long one by one, never one times the other', async () => {
  const home = '/etc/dddddddd';
  const path = `${truth.root}${home}`;
  let answer = truth.answer;
  const put = (probe: string, frame: string) => {
    answer = withFrame(answer, probe, () => frame);
  };
  const users = many(19_000, (i) => `u${i}:x:${i}:0::${home}/none${i}:/bin/sh\n`);
  put('accounts', `passwd ${users}\0group ${many(30_000, (i) => `g${i}:x:${i}:\n`)}\0`);
  put('mounts', `mounts ${many(20_000, (i) => `${i} 1 8:1 / /etc/m${i} rw - ext4 /dev/a rw\n`)}\0`);
  const status = (i: number) => `Package: p${i}\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n`;
  put('packages', `dpkg-status ${many(19_000, status)}\0`);
  const mounts = many(50_000, (i) => `M nfs ${truth.root}/mnt${i}\0`);
  put('files', `${mounts}${many(110_000, (i) => `m p 644 0 0 5 1700000001 ${path}/${i}\0>\0`)}w 0\0W 0\0`);
  const ended = { stdout: answer, stderr: '', exitCode: 0, ended: 'exit' } as const;
  const live = buildFingerprint(readAnswer(ended, Object.values(probes), { root: '/', mode: 'live', since: 0 }));
  const compile = policyCompiler((await loadPolicies([])).policies.map(({ policy }) => policy));
  const manifest = decodeManifest(readFileSync(join(truth.dir.path, 'manifest')), 'it');
  const { findings, gaps } = judgeInstance(instanceAt('ssh://x'), live, manifest, compile, new Date(0));
  expect(findings.length).toBeGreaterThan(1000);
  expect(findings.length).toBeLessThanOrEqual(10_001);
  const said = gaps.map(({ detail }) => detail).join('\n');
  expect(said).toMatch(/more than 100000 files differ/);
  expect(said).toMatch(/more than 20000 accounts differ/);
}, 120_000);
