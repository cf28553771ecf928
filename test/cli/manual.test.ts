import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allOf } from '../../src/cli/shape.ts';
import { modules, root } from '../house/rooms.ts';
import { manualPage, variables } from './manual.ts';
import { commandTree, program } from './tree.ts';

const file = join(root, 'docs/snowfence.1');
const { version, man } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  man: string[];
};

describe('the manual page', () => {
  /** Regenerate with UPDATE_DOCS=1, then read the difference. */
  it('is what the command line says of itself', async () => {
    const page = manualPage(await program(), version);
    if (process.env['UPDATE_DOCS']) writeFileSync(file, page);
    expect(readFileSync(file, 'utf8')).toBe(page);
    // A word alone is not linked by npm 11.
    expect(man).toEqual(['docs/snowfence.1']);
  });

  it('has every command that does something, and every option', async () => {
    const page = readFileSync(file, 'utf8').replaceAll('\\-', '-');
    for (const { path, commands, options } of allOf(await commandTree())) {
      if (commands.length > 0 || path.endsWith(' help')) continue;
      expect(page).toContain(`\n.SS ${path}\n`);
      for (const { names } of options) if (!names.includes('--help')) expect(page).toContain(names.at(-1));
    }
  });
});

describe('the environment variables', () => {
  it('that are read are documented, all of them', () => {
    const read = new Set<string>();
    for (const { file: name } of modules()) {
      const text = readFileSync(join(root, name), 'utf8');
      for (const [, variable = ''] of text.matchAll(/\benv(?:\?\.)?\[['"]([A-Z][A-Z_]+)['"]\]/g))
        if (!name.startsWith('src/demo/')) read.add(variable);
    }
    // Terraform's own, which is handed to it.
    read.delete('TF_DATA_DIR');
    expect(read).toContain('SNOWFENCE_STORE');
    expect([...read].filter((name) => !variables().includes(name))).toEqual([]);
  });
});
