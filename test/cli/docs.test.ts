import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allOf, type CommandShape } from '../../src/cli/shape.ts';
import { root } from '../house/rooms.ts';
import { blocksOf } from './console.ts';
import { commandTree } from './tree.ts';

const tree = await commandTree();
const files = [
  'README.md',
  ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

/** Command lines of blocks, indented blocks and code in a sentence: what a reader copies. */
function commandsIn(markdown: string): string[] {
  const fenced = blocksOf(markdown).flatMap(({ lines }) => lines);
  const indented = markdown.split('\n').filter((line) => /^ {4,}snowfence /.test(line));
  const inline = [...markdown.matchAll(/`(snowfence [a-z][^`]*)`/g)].map(([, code = '']) => code);
  const lines = [...fenced, ...indented, ...inline]
    .map((line) => /^(?:\$ |> )?(?:[A-Z_]+=\S* )?(snowfence .*)$/.exec(line.trim())?.[1] ?? '')
    .filter((line) => line !== '' && !/^snowfence +(?:\[|--version)/.test(line));
  return [...new Set(lines.map(bare))];
}

/** A command without the prose, the pipe or the place of its result behind it. */
function bare(line: string): string {
  return line.split(/ {2,}|[#|>;&<](?![a-z])/)[0]?.trim() ?? '';
}

/** What is wrong with a command line, in words. */
function mistakes(line: string): string[] {
  const words = line.split(/\s+/).slice(1);
  let at: CommandShape = tree;
  // `a|b|c` of a synopsis stands for each of them.
  while (at.commands.length > 0) {
    const name = words.shift() ?? '';
    const next = at.commands.find((command) => name.split('|').includes(command.name));
    if (!next) return [`${at.path} has no command "${name}"`];
    at = next;
  }
  const known = at.options.flatMap(({ names }) => names);
  return words
    .map((word) => /^\[?(--?[a-zA-Z][\w-]*)/.exec(word)?.[1])
    .filter((option) => option !== undefined && !known.includes(option))
    .map((option) => `${at.path} has no option ${option}`);
}

describe('commands of the documentation', () => {
  it('sees what is wrong', () => {
    expect(mistakes('snowfence scam x')).toEqual(['snowfence has no command "scam"']);
    expect(mistakes('snowfence manifest create x --imag y')).toEqual([
      'snowfence manifest create has no option --imag',
    ]);
    expect(mistakes('snowfence scan ssh://x --manifest y')).toEqual([]);
    expect(allOf(tree).length).toBeGreaterThan(40);
  });

  it.each(files)('%s names only what there is', (file) => {
    const lines = commandsIn(readFileSync(join(root, file), 'utf8'));
    expect(lines.flatMap((line) => mistakes(line).map((mistake) => `${line}: ${mistake}`))).toEqual([]);
  });

  it('and many are looked at', () => {
    const all = files.flatMap((file) => commandsIn(readFileSync(join(root, file), 'utf8')));
    expect(all.length).toBeGreaterThan(60);
  });

  it('of every --help too', () => {
    // commander writes examples with two spaces in front.
    const sources = readdirSync(join(root, 'src/cli/commands')).map((name) =>
      readFileSync(join(root, 'src/cli/commands', name), 'utf8'),
    );
    const lines = sources.flatMap((text) =>
      [...text.matchAll(/^ {2}(snowfence .*)$/gm)].map(([, line = '']) => bare(line.split('`')[0] ?? '')),
    );
    expect(lines.length).toBeGreaterThan(30);
    expect(lines.flatMap(mistakes)).toEqual([]);
  });
});
