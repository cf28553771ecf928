import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/core/errors.ts';
import { readRoot } from '../../../src/manifest/image/root.ts';
import { type Made, outline, sha256, tarOf } from './make.ts';

const calm = new AbortController().signal;

async function* pieces(bytes: Buffer, size = 700): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const all = () => true;

async function read(entries: Made[], over: { directory: string; entries: Made[] }[] = [], cut = 0) {
  const bytes = await tarOf(entries);
  const tars = await Promise.all(
    over.map(async ({ directory, entries }) => ({ directory, tar: await tarOf(entries) })),
  );
  return readRoot('web', pieces(cut ? bytes.subarray(0, cut) : bytes), tars, all, calm);
}

describe('the root of a container as a tar', () => {
  it('is read as it is: what looks like a whiteout is a file', async () => {
    const tree = await read([
      { name: 'a' },
      { name: '.wh.a', content: 'x' },
      { name: 'd/' },
      { name: 'd/.wh..wh..opq' },
      { name: 'd/x' },
    ]);
    expect(outline(tree)).toEqual([
      '/ d 755',
      '/.wh.a f 644',
      '/a f 644',
      '/d d 755',
      '/d/.wh..wh..opq f 644',
      '/d/x f 644',
    ]);
  });

  it('shows what was mounted over it', async () => {
    const hosts = { name: 'hosts', content: '127.0.0.1 localhost\n' };
    const tree = await read(
      [{ name: 'etc/' }, { name: 'etc/hosts', mode: 0o755 }],
      [{ directory: '/etc', entries: [hosts] }],
    );
    expect(tree.entries.get('/etc/hosts')).toMatchObject({ mode: 0o644, sha256: sha256(hosts.content) });
    expect(tree.contents.get('/etc/hosts')?.toString()).toBe(hosts.content);
  });

  it('that is cut, wherever, or is none, is refused', async () => {
    const entries = [{ name: 'a', content: 'x'.repeat(2000) }, { name: 'b' }];
    const { length } = await tarOf(entries);
    for (let cut = 100; cut <= length - 1024; cut += 100)
      await expect(read(entries, [], cut), String(cut)).rejects.toThrow(UserError);
    await expect(readRoot('web', pieces(Buffer.from('<html>'.repeat(500))), [], all, calm)).rejects.toThrow(
      /no tar archive/,
    );
  });

  it('that would fill our memory is refused before it does', async () => {
    const [block] = [Buffer.from(await tarOf([{ name: 'big' }])).subarray(0, 512)];
    if (!block) throw new Error('no header');
    // A header that claims 300 MiB; no more needs to come.
    block.write((300 * 1024 * 1024).toString(8).padStart(11, '0'), 124, 'latin1');
    block.fill(' ', 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await expect(readRoot('web', pieces(block), [], all, calm)).rejects.toThrow(/more than 268435456 bytes/);
  });
});
