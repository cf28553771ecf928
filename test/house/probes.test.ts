import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { probes } from '../../src/collect/registry.ts';
import { root } from './rooms.ts';

it('probes are in the documentation as they are', () => {
  const path = join(root, 'docs/probes.md');
  const text = readFileSync(path, 'utf8');
  const [, before = '', , after = ''] =
    /^([\s\S]*<!-- probes: generated[^\n]*-->\n)([\s\S]*?)(<!-- \/probes -->[\s\S]*)$/.exec(text) ?? [];
  const rows = Object.values(probes).map(
    ({ name, about, source, needs, cost, asks }) =>
      `| ${name} | ${about}${asks === 'live' ? ' (running instances only)' : ''} | ${source} | ${needs} | ${cost} |`,
  );
  const head = '| probe | facts | source | right | cost |\n| --- | --- | --- | --- | --- |';
  const expected = `${before}\n${head}\n${rows.join('\n')}\n\n${after}`;
  expect(before).not.toBe('');
  if (process.env['UPDATE_DOCS']) writeFileSync(path, expected);
  expect(readFileSync(path, 'utf8')).toBe(expected);
});

it('probes have each a name of their own and say what they cost', () => {
  for (const [name, probe] of Object.entries(probes)) {
    expect(probe.name).toBe(name);
    for (const said of [probe.about, probe.source, probe.needs, probe.cost]) expect(said.length).toBeGreaterThan(3);
  }
});
