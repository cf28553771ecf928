import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outline, scratch, sha256, treeOf } from './make.ts';

const bytes = (latin1: string) => Buffer.from(latin1, 'latin1');
/** A name in latin1 that is no UTF-8, with a newline and a backslash; and one in UTF-8, as its raw bytes. */
const odd = 'odd \xff\xe9\n\\name';
const utf8 = Buffer.from('Größe-☃').toString('latin1');
const long = `${'long'.repeat(20)}/${'directory'.repeat(15)}/${'name'.repeat(40)}`;

async function makeTree(): Promise<string> {
  const dir = await scratch();
  const at = (name: string) => Buffer.concat([bytes(`${dir}/`), bytes(name)]);
  for (const name of [odd, utf8]) writeFileSync(at(name), bytes(name));
  mkdirSync(join(dir, long, '..'), { recursive: true });
  writeFileSync(join(dir, long), 'long');
  symlinkSync(bytes(`${long}${odd}`), at('link'));
  linkSync(join(dir, long), at('hard'));
  chmodSync(join(dir, long), 0o4711);
  return dir;
}

function tar(dir: string, ...options: string[]): Buffer {
  return execFileSync('tar', ['-C', dir, '--numeric-owner', ...options, '-cf', '-', '.'], { maxBuffer: 1 << 26 });
}

describe.each(['gnu', 'oldgnu', 'pax'])('GNU tar, format %s', (format) => {
  it('names of any bytes and any length, links to them, owners and times survive', async () => {
    const dir = await makeTree();
    const archive = tar(dir, `--format=${format}`, '--owner=3000000', '--group=2999999', '--mtime=@1700000000.7');
    const tree = await treeOf([{ tar: archive }], () => true);
    for (const name of [odd, utf8]) {
      expect(tree.entries.get(`/${name}`)).toMatchObject({
        sha256: sha256(bytes(name)),
        uid: 3_000_000,
        gid: 2_999_999,
      });
      expect(tree.contents.get(`/${name}`)).toEqual(bytes(name));
    }
    expect(tree.entries.get(`/${long}`)).toMatchObject({ mode: 0o4711, mtime: 1_700_000_000 });
    expect(tree.entries.get('/hard')).toMatchObject({ mode: 0o4711, sha256: sha256('long') });
    expect(tree.entries.get('/link')).toMatchObject({ type: 'l', link: `${long}${odd}`, mode: 0o777 });
    expect(tree.entries.size).toBe(8);
  });
});

it('format v7, which has neither magic nor directories', async () => {
  const dir = await scratch();
  mkdirSync(join(dir, 'd'));
  writeFileSync(join(dir, 'd/x'), 'x');
  const tree = await treeOf([{ tar: tar(dir, '--format=v7') }]);
  expect(outline(tree).map((line) => line.slice(0, -4))).toEqual(['/ d', '/d d', '/d/x f']);
});

it('times before 1970 are rounded down', async () => {
  const dir = await scratch();
  writeFileSync(join(dir, 'x'), 'x');
  const tree = await treeOf([{ tar: tar(dir, '--format=pax', '--mtime=@-1.5') }]);
  expect(tree.entries.get('/x')?.mtime).toBe(-2);
});

it('sparse files are refused, in either form', async () => {
  const dir = await scratch();
  writeFileSync(join(dir, 'hole'), '');
  truncateSync(join(dir, 'hole'), 1 << 20);
  for (const format of ['gnu', 'pax']) {
    await expect(treeOf([{ tar: tar(dir, '--sparse', `--format=${format}`) }])).rejects.toThrow(/is stored sparse/);
  }
});

const root = process.getuid?.() === 0;
it.skipIf(!root)('file capabilities survive as the bytes that they are (needs root and setcap)', async () => {
  const dir = await scratch();
  const file = join(dir, 'ping');
  writeFileSync(file, readFileSync('/bin/true'));
  // cap_setfcap is bit 31: a byte over 127, which is no UTF-8, beside many NULs.
  execFileSync('setcap', ['cap_net_raw,cap_setfcap+ep', file]);
  const archive = tar(dir, '--format=pax', '--xattrs', '--xattrs-include=security.capability');
  const tree = await treeOf([{ tar: archive }]);
  // struct vfs_cap_data of linux/capability.h: revision 2 and the effective bit, then permitted and inheritable.
  expect(tree.entries.get('/ping')?.capabilities).toBe('0100000200200080000000000000000000000000');
  expect(lstatSync(file).size).toBe(tree.entries.get('/ping')?.size);
});
