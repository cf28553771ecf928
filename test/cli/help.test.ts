import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../house/rooms.ts';
import { build, launcher } from './run.ts';

/** What the command line itself says, past the launcher. */
function own(): string {
  const code = `import(${JSON.stringify(join(root, 'dist/cli/main.js'))}).then((m) => m.main(['--help']))`;
  return spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' }).stdout;
}

describe('the help that is written down', () => {
  beforeAll(build, 120_000);

  /** Regenerate with UPDATE_DOCS=1, then read the difference. */
  it('is what the command line says of itself', () => {
    const file = join(root, 'bin/help.txt');
    const said = own();
    expect(said).toContain('Exit codes:');
    if (process.env['UPDATE_DOCS']) writeFileSync(file, said);
    expect(readFileSync(file, 'utf8')).toBe(said);
  });

  it.each(['--help', '-h'])('is what %s gives', (flag) => {
    const { stdout, status, stderr } = spawnSync(process.execPath, [launcher, flag], { encoding: 'utf8' });
    expect([stdout, status, stderr]).toEqual([own(), 0, '']);
  });
});
