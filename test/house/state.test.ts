import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileGlobs } from '../../src/state/glob.ts';
import { formats } from '../../src/state/registry.ts';
import { root } from './rooms.ts';

describe('formats of configuration', () => {
  it('have each a file, and each file its line in the registry', () => {
    const files = readdirSync(join(root, 'src/state/formats')).map((name) => name.replace(/\.ts$/, ''));
    expect(files.sort()).toEqual(Object.keys(formats).sort());
    for (const [name, format] of Object.entries(formats)) expect(format.name).toBe(name);
  });

  it('claim no path twice', () => {
    const matchers = Object.values(formats).map(({ name, paths }) => ({ name, match: compileGlobs(paths) }));
    const examples = Object.values(formats).flatMap(({ name, paths }) =>
      paths.flatMap(expand).map((path) => ({ name, path })),
    );
    expect(examples.length).toBeGreaterThan(200);
    for (const { name, path } of examples)
      expect(
        matchers.filter(({ match }) => match(path)).map((m) => m.name),
        path,
      ).toEqual([name]);
  });

  it('are in the documentation as they are', () => {
    const path = join(root, 'docs/probes.md');
    const text = readFileSync(path, 'utf8');
    const [, before = '', , after = ''] =
      /^([\s\S]*<!-- generated from src\/state[^\n]*-->\n)([\s\S]*?)(<!-- \/generated -->[\s\S]*)$/.exec(text) ?? [];
    const rows = Object.values(formats).map(
      ({ name, about, paths }) => `| ${name} | ${paths.map((glob) => `\`${glob}\``).join(' ')} | ${about} |`,
    );
    const expected = `${before}\n| format | files | facts |\n| --- | --- | --- |\n${rows.join('\n')}\n\n${after}`;
    expect(before).not.toBe('');
    if (process.env['UPDATE_DOCS']) writeFileSync(path, expected);
    expect(readFileSync(path, 'utf8')).toBe(expected);
  });
});

/** Paths that a glob fits: each alternative once, `x1` for what may be anything. */
function expand(glob: string): string[] {
  const alternatives = /^(.*?)\{([^}]*)\}(.*)$/.exec(glob);
  if (!alternatives) return [glob.replace('~', '/home/eve').replaceAll('**', 'x1').replaceAll('*', 'x1')];
  const [, head = '', list = '', tail = ''] = alternatives;
  return list.split(',').flatMap((one) => expand(head + one + tail));
}
