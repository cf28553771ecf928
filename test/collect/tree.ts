import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A directory that is gone after the test. */
export interface Scratch {
  path: string;
  remove(): void;
}

export function scratch(name = 'collect'): Scratch {
  const path = mkdtempSync(join(tmpdir(), `snowfence-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Bytes of a name that may be no UTF-8, from latin1. */
const bytes = (directory: string, name: string) => Buffer.from(join(directory, name), 'latin1');

export interface TreeFile {
  text: string;
  mode?: number;
}

/** Writes files: path from the root (latin1 bytes) -> content. */
export function plant(root: string, files: Record<string, string | TreeFile>): void {
  for (const [name, file] of Object.entries(files)) {
    const { text, mode = 0o644 } = typeof file === 'string' ? { text: file } : file;
    mkdirSync(bytes(root, dirname(name)), { recursive: true });
    writeFileSync(bytes(root, name), text);
    chmodSync(bytes(root, name), mode);
  }
}

/** Names that break programs, each with a content of its own: key (canonical) -> content. */
export const oddNames: Record<string, string> = {
  'srv/new\nline': 'newline',
  'srv/back\\slash': 'backslash',
  'srv/back\\nslash-n': 'a backslash and an n',
  'srv/\xff\xfe-no-utf8': 'no UTF-8',
  'srv/caf\xc3\xa9': 'UTF-8',
  'srv/ leading and trailing ': 'spaces',
  'srv/-n': 'a leading dash',
  'srv/--help': 'two leading dashes',
  'srv/\x1b[31mred\x1b[0m': 'an escape sequence',
  'srv/tab\there': 'tab',
  'srv/it\'s "quoted" $HOME `id` $(id)': 'shell words',
  'srv/star*[a]?': 'a glob',
  'srv/%s%n\\000': 'formats',
  'srv/m f 644 0 0 1 0 x': 'looks like a record',
  'srv/E files': 'looks like an end mark',
  'srv/h 0': 'looks like a trailer',
  'srv/{a,b}': 'braces',
  'srv/~root': 'tilde',
  'srv/#hash': 'hash',
  'srv/new\nline/in\ndirectory': 'never written: its parent is a file',
};
delete oddNames['srv/new\nline/in\ndirectory'];

/** A small system with everything that a file system can hold. */
export function plantOddTree(root: string): void {
  plant(root, oddNames);
  plant(root, {
    'srv/empty': '',
    'srv/setuid': { text: '#!/bin/sh\n', mode: 0o4755 },
    'srv/sticky': { text: 'x', mode: 0o1600 },
    'srv/dir\nwith newline/inner': 'inner',
    'srv/original': 'linked',
    'etc/hostname': 'odd\n',
  });
  linkSync(join(root, 'srv/original'), join(root, 'srv/hard'));
  symlinkSync('original', join(root, 'srv/soft'));
  symlinkSync('/nowhere/at\nall', join(root, 'srv/dangling'));
  symlinkSync(Buffer.from('to \xff bytes', 'latin1'), join(root, 'srv/-bytes'));
  symlinkSync('..', join(root, 'srv/loop'));
  mkdirSync(join(root, 'srv/bare'));
  chmodSync(join(root, 'srv/bare'), 0o2711);
  execFileSync('mkfifo', [join(root, 'srv/fifo')]);
}
