import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Scratch, scratch } from '../collect/tree.ts';

const root = join(import.meta.dirname, '..', '..');
let dir: Scratch;
/** A copy of what the build takes, where one must look twice: a blank, and below packages of others. */
let copy: string;
beforeEach(() => {
  dir = scratch('build');
  copy = join(dir.path, 'a b', 'node_modules', 'snowfence');
  for (const part of ['src', 'rules', 'bin', 'package.json'])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterEach(() => dir.remove());

function build() {
  const child = spawn(process.execPath, [join(copy, 'bin', 'build.mjs')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  return new Promise<string>((resolve) => {
    child.on('close', (code) => resolve(`${said}${code}`));
  });
}

const made = () => readdirSync(copy).filter((name) => name.startsWith('dist'));

it('is made anywhere, by two at once, over what is there and what a build that was ended left behind', async () => {
  mkdirSync(join(copy, 'dist-4194305', 'cli'), { recursive: true });
  mkdirSync(join(copy, 'dist-4194306-old'));
  mkdirSync(join(copy, `dist-${process.pid}`));
  mkdirSync(join(copy, 'dist', 'gone'), { recursive: true });
  expect(await Promise.all([build(), build()])).toEqual(['0', '0']);
  // Of one that is still at work, nothing is taken.
  expect(made().sort()).toEqual(['dist', `dist-${process.pid}`]);
  expect(readdirSync(join(copy, 'dist')).sort()).toEqual(['cli', 'rules.json']);
  const code = readdirSync(join(copy, 'dist', 'cli')).map((file) =>
    readFileSync(join(copy, 'dist', 'cli', file), 'utf8'),
  );
  // Packages stay where they are; but of a validator, everything is there.
  expect(code.some((text) => /from ?["']commander["']/.test(text))).toBe(true);
  expect(code.filter((text) => /__require\(["']/.test(text))).toEqual([]);
}, 120_000);

it('takes the place of a directory that comes back', async () => {
  let on = true;
  const busy = (async () => {
    while (on) {
      mkdirSync(join(copy, 'dist', 'cli'), { recursive: true });
      await new Promise(setImmediate);
    }
  })();
  const code = await build();
  on = false;
  await busy;
  expect(code).toBe('0');
  expect(readdirSync(join(copy, 'dist', 'cli'))).toContain('main.js');
}, 120_000);
