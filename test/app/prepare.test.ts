import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ManifestBook } from '../../src/app/manifests.ts';
import { scan } from '../../src/app/scan.ts';
import { wholeOf } from '../../src/app/stored.ts';
import type { Policy } from '../../src/schema/policy.ts';
import { instanceAt, wide } from '../transport/contract.ts';
import { startFake } from '../transport/ssh/fake-server.ts';
import { knownLine } from '../transport/ssh/scratch.ts';
import { makeTruth, says } from './evil.ts';

it('a rule that cannot be compiled is said of who is judged by it, and ends no scan', async () => {
  const truth = makeTruth();
  const server = await startFake(says(truth.packed));
  const loose: unknown[] = [];
  const note = (error: unknown) => loose.push(error);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
  onTestFinished(async () => {
    process.removeListener('unhandledRejection', note);
    for (const other of others) process.on('unhandledRejection', other);
    await server.stop();
    truth.dir.remove();
  });
  const known = join(truth.dir.path, 'known');
  writeFileSync(known, knownLine('127.0.0.1', server.port, server.hostKey));
  const reach = { sshConfig: 'none', knownHosts: [known], identityFiles: [join(truth.dir.path, 'id')] };
  const rule = {
    ...{ id: 'own/long', kind: 'expect', fact: 'file', changes: ['added'], reason: 'x' },
    paths: [`/${'a'.repeat(70_000)}`],
  };
  const policy = { schema: 'snowfence.policy/v1', name: 'own', rules: [rule] } as unknown as Policy;
  const view = await scan({
    instances: [instanceAt(`ssh://u@127.0.0.1:${server.port}`, reach)],
    manifests: new ManifestBook(undefined, { manifestFile: join(truth.dir.path, 'manifest') }),
    policies: async () => ({ policies: [{ path: 'own.yaml', policy }], digest: 'sha256:x' }),
    limits: wide,
    reading: { scratch: 'none', largestFile: 0, mostBytes: 0, cpuShare: 100 },
    concurrency: 1,
    signal: new AbortController().signal,
    version: '0',
  });
  await new Promise(setImmediate);
  expect(wholeOf(view).instances[0]?.gaps[0]?.detail).toContain('exceeds maximum allowed length');
  expect(loose).toEqual([]);
});
