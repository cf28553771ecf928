import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allOf } from '../../../src/cli/shape.ts';
import { build, Desk, launcher } from '../run.ts';
import { commandTree } from '../tree.ts';

const desk = new Desk();
beforeAll(async () => {
  build();
  desk.write('complete.bash', (await desk.run('completion', 'bash')).stdout);
  desk.write('fleet.yaml', 'hosts: [web-1, web-2, db-1]\n');
  desk.write('a file.json', '');
}, 120_000);
afterAll(() => desk.remove());

/** What a real bash offers for lines: each is its words as bash cuts them, the last is the one under the cursor. */
function offered(lines: readonly (readonly string[])[]): string[][] {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  const script = `set -u; source ./complete.bash
snowfence() { ${quote(process.execPath)} ${quote(launcher)} "$@"; }
offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _snowfence; printf '%s\\n' "\${COMPREPLY[@]-}"; echo ---; }
${lines.map((words) => `offer ${words.map(quote).join(' ')}`).join('\n')}`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script], {
    cwd: desk.path,
    env: desk.env,
    encoding: 'utf8',
  });
  expect([stderr, status]).toEqual(['', 0]);
  const blocks = stdout.split('---\n').slice(0, -1);
  return blocks.map((block) => block.split('\n').filter((line) => line !== ''));
}

const tree = await commandTree();

const offer = (...words: string[]): string[] => offered([['snowfence', ...words]])[0] ?? [];

describe('completion in bash', () => {
  it('offers every command and every option of every command', () => {
    const commands = allOf(tree);
    expect(commands.length).toBeGreaterThan(40);
    const answers = offered(
      commands.flatMap(({ path }) => [
        [...path.split(' '), ''],
        [...path.split(' '), '-'],
      ]),
    );
    for (const [i, { path, commands: below, options }] of commands.entries()) {
      const names = below.map(({ name }) => name);
      if (names.length > 0) expect([path, answers[2 * i]]).toEqual([path, names]);
      expect([path, answers[2 * i + 1]]).toEqual([path, options.flatMap((option) => option.names)]);
    }
  });

  it.each([
    [['mani'], ['manifest']],
    [['manifest', 'create', '--im'], ['--image']],
    [
      ['scan', '--depth', ''],
      ['full', 'quick', 'metadata'],
    ],
    [['scan', '--depth', '=', 'q'], ['quick']],
    [['scan', '--format', '=', 'js'], ['json']],
    [['scan', '--format', 'json', '=', 'fl'], ['fleet.yaml']],
    // Where readline does not quote it.
    [['scan', '--format', 'json', '=', 'a '], ['a\\ file.json']],
    [['scan', '--inventory', 'fl'], ['fleet.yaml']],
    [['config', 'check', 'fl'], ['fleet.yaml']],
    [
      ['history', 'show', ''],
      ['last', 'last~1'],
    ],
    [['manifest', 'create', 'rootf'], ['rootfs:']],
    [['manifest', 'create', 'rootfs', ':', 'fl'], ['fleet.yaml']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    // The value of an option is no command, whatever it is called.
    [['manifest', 'create', '--image', 'show', '--lab'], ['--label']],
    [
      ['replace', 'plan', '--inventory', 'fleet.yaml', '--only', 'web'],
      ['web-1', 'web-2'],
    ],
    [['replace', 'plan', '--inventory', '=', 'fleet.yaml', '--only', '=', 'd'], ['db-1']],
    [['replace', 'plan', '--inventory', 'nothing.yaml', '--only', ''], []],
    [['nonsense', ''], tree.commands.map(({ name }) => name)],
  ])('%j', (words, expected) => {
    expect(offer(...words)).toEqual(expected);
  });

  it('runs nothing that a name of the fleet file holds', () => {
    desk.write(
      'evil.yaml',
      `hosts: [{ address: a, name: '$(touch\${IFS}ran)' }, { address: b, name: '\`touch\${IFS}ran\`' }]\n`,
    );
    expect(offer('replace', 'plan', '--inventory', 'evil.yaml', '--only', '')).toEqual([
      '\\$\\(touch\\$\\{IFS\\}ran\\)',
      '\\`touch\\$\\{IFS\\}ran\\`',
    ]);
    expect(offer('replace', 'plan', '--inventory', '$(touch ran)', '--only', '')).toEqual([]);
    expect(existsSync(join(desk.path, 'ran'))).toBe(false);
  });

  it('is printed for known shells only', async () => {
    const { code, stdout, stderr } = await desk.run('completion', 'tcsh');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('bash, zsh, fish');
  });
});
