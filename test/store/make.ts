import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Fingerprint } from '../../src/core/facts.ts';
import type { Manifest } from '../../src/core/manifest.ts';
import type { RememberedInstance, ScanRow } from '../../src/core/ports.ts';

/** A path in a new directory that is removed when the test ends. */
export async function scratch(name = 'store.db'): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'snowfence-store-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return join(dir, name);
}

export const day = (n: number): string => new Date(Date.UTC(2026, 0, 1 + n)).toISOString();

export function scan(id: string, startedAt: string, more: Partial<ScanRow> = {}): ScanRow {
  return { id, startedAt, finishedAt: startedAt, instances: 1, findings: 0, worst: '', partial: false, ...more };
}

/** An instance on which these findings were seen. */
export function instance(id: string, findings: string[], more: Partial<RememberedInstance> = {}): RememberedInstance {
  return {
    id,
    identity: 'machine-1',
    image: 'web:1',
    group: '',
    verdict: 'drifted',
    score: 50,
    complete: true,
    findings: findings.map((finding) => ({
      id: finding,
      kind: 'file',
      change: 'changed',
      subject: `/etc/${finding}`,
      severity: 'high',
      disposition: 'drift',
    })),
    report: JSON.stringify({ id, findings }),
    ...more,
  };
}

export const digest = (start: string): string => `sha256:${start.padEnd(64, '0')}`;

/** A manifest with as many files and packages. */
export function manifest(ref: string, start: string, imageDigest?: string, files = 0, packages = 0): Manifest {
  const stream = (lines: number) => Buffer.from('key\0value\n'.repeat(lines));
  return {
    digest: digest(start),
    image: { ref, ...(imageDigest ? { digest: imageDigest } : {}) },
    createdAt: day(0),
    source: 'rootfs:/srv/image',
    tool: { name: 'snowfence', version: '0.1.0' },
    labels: {},
    // A store counts the lines of these two, and looks at nothing else in it.
    fingerprint: { files: stream(files), packages: stream(packages) } as Fingerprint,
  };
}
