import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadNotifying } from '../../src/app/notifying/setup.ts';
import { sinks } from '../../src/notify/registry.ts';

it('every example of the documentation is valid, and every sink has one', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'snowfence-docs-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const text = readFileSync(new URL('../../docs/notify.md', import.meta.url), 'utf8');
  const kinds = new Set<string>();
  for (const [, example = ''] of text.matchAll(/```yaml\n([\s\S]*?)```/g)) {
    const file = join(dir, 'fleet.yaml');
    writeFileSync(file, example);
    const found = await loadNotifying(file);
    for (const kind of found?.kinds.keys() ?? []) kinds.add(kind);
  }
  expect([...kinds].sort()).toEqual(Object.keys(sinks).sort());
});
