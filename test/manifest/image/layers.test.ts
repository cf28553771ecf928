import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/core/errors.ts';
import { LayerApplier } from '../../../src/manifest/image/apply.ts';
import { Tree } from '../../../src/manifest/image/tree.ts';
import { layer, type Made, outline, sha256, treeOf } from './make.ts';

/** Outline of the tree that these layers make. */
async function apply(...layers: Made[][]): Promise<string[]> {
  return outline(await treeOf(await Promise.all(layers.map((entries) => layer(...entries)))));
}

const root = '/ d 755';

describe('whiteouts', () => {
  it('hide a file, a directory with all below it, and what is not there', async () => {
    const lower = [{ name: 'a' }, { name: 'd/' }, { name: 'd/x' }, { name: 'd/e/' }, { name: 'keep' }];
    const upper = [{ name: '.wh.a' }, { name: '.wh.d' }, { name: '.wh.none' }, { name: 'nowhere/.wh.x' }];
    expect(await apply(lower, upper)).toEqual([root, '/keep f 644']);
  });

  it('hide only what lower layers have, whichever comes first in the layer', async () => {
    const lower = [{ name: 'd/', mode: 0o700 }, { name: 'd/old' }];
    const after = [root, '/d d 755', '/d/new f 644'];
    expect(await apply(lower, [{ name: '.wh.d' }, { name: 'd/new' }])).toEqual(after);
    expect(await apply(lower, [{ name: 'd/new' }, { name: '.wh.d' }])).toEqual(after);
    expect(await apply(lower, [{ name: 'd/', mode: 0o711 }, { name: '.wh.d' }])).toEqual([root, '/d d 711']);
  });

  it('opaque ones empty a directory of what lower layers have there', async () => {
    const lower = [{ name: 'd/', mode: 0o700 }, { name: 'd/x' }, { name: 'd/e/y' }];
    const after = [root, '/d d 700', '/d/e d 755', '/d/e/z f 644'];
    expect(await apply(lower, [{ name: 'd/.wh..wh..opq' }, { name: 'd/e/z' }])).toEqual(after);
    expect(await apply(lower, [{ name: 'd/e/z' }, { name: 'd/.wh..wh..opq' }])).toEqual(after);
    expect(await apply(lower, [{ name: '.wh..wh..opq' }])).toEqual([root]);
  });

  it('hide in the layer above what the layer between had put back', async () => {
    expect(await apply([{ name: 'a' }], [{ name: '.wh.a' }], [{ name: 'a' }], [{ name: '.wh.a' }])).toEqual([root]);
  });

  it('of aufs bookkeeping are skipped, and those that name nothing are refused', async () => {
    expect(await apply([{ name: '.wh..wh.plnk/' }, { name: '.wh..wh.aufs' }])).toEqual([root]);
    for (const name of ['.wh.', 'd/.wh..', '.wh...']) {
      await expect(apply([{ name, type: 'file' }])).rejects.toThrow(/names nothing/);
    }
  });
});

describe('replacing', () => {
  it('a directory by a file removes what was below, and a file by a directory', async () => {
    const lower = [{ name: 'd/' }, { name: 'd/x' }, { name: 'f' }];
    expect(await apply(lower, [{ name: 'd' }, { name: 'f/' }])).toEqual([root, '/d f 644', '/f d 755']);
    expect(await apply(lower, [{ name: 'f/inner' }])).toContain('/f d 755');
  });

  it('a directory by a directory keeps what is below and takes the new owner and mode', async () => {
    expect(await apply([{ name: 'd/x' }], [{ name: 'd/', mode: 0o1777 }])).toEqual([root, '/d d 1777', '/d/x f 644']);
  });

  it('in one layer, the last entry counts', async () => {
    const entries = [{ name: 'a', mode: 0o600 }, { name: 'a/' }, { name: 'a/b' }, { name: 'a', mode: 0o640 }];
    expect(await apply(entries)).toEqual([root, '/a f 640']);
  });

  it('a link of a lower layer by a directory, as overlayfs does; one of the same layer is followed', async () => {
    const link = { name: 'bin', linkname: 'usr/bin' };
    const usr = [{ name: 'usr/bin/' }, link];
    expect(await apply(usr, [{ name: 'bin/x' }])).toContain('/bin d 755');
    expect(await apply([...usr, { name: 'bin/x' }])).toEqual([
      root,
      '/bin l 777',
      '/usr d 755',
      '/usr/bin d 755',
      '/usr/bin/x f 644',
    ]);
  });
});

describe('paths', () => {
  it('are normalised, and parents that nobody wrote are implied', async () => {
    const tree = await treeOf([await layer({ name: './', mode: 0o700 }, { name: './a/' }, { name: '/b//c/./d' })]);
    expect(outline(tree)).toEqual(['/ d 700', '/a d 755', '/b d 755', '/b/c d 755', '/b/c/d f 644']);
  });

  it.each(['../x', 'a/../../x', '/..', 'a/..'])('%s is refused', async (name) => {
    await expect(apply([{ name, type: 'file' }])).rejects.toThrow(/leaves the image/);
  });

  it('through a loop of links, or without end, are refused', async () => {
    const loop = [{ name: 'a', linkname: 'b' }, { name: 'b', linkname: 'a' }, { name: 'a/x' }];
    await expect(apply(loop)).rejects.toThrow(/loop of symbolic links/);
    await expect(apply([{ name: 'x/'.repeat(2100) }])).rejects.toThrow(/4200 bytes/);
    const long = `${'y'.repeat(200)}/`.repeat(15);
    await expect(apply([{ name: 's', linkname: long }, { name: `s/${long}x` }])).rejects.toThrow(UserError);
  });

  it('cannot leave the image through a link', async () => {
    const entries = [{ name: 'out', linkname: '../../../..' }, { name: 'out/etc/x' }];
    expect(await apply(entries)).toContain('/etc/x f 644');
  });
});

describe('kinds of files', () => {
  it('devices, pipes, links, setuid bits and large owners', async () => {
    const tree = await treeOf([
      await layer(
        { name: 'null', type: 'character-device', devmajor: 1, devminor: 3, mode: 0o666 },
        { name: 'sda', type: 'block-device', devmajor: 8, devminor: 0, mode: 0o660 },
        { name: 'pipe', type: 'fifo', mode: 0o600 },
        { name: 'l', linkname: '../a b', mode: 0 },
        { name: 'su', mode: 0o6755, gid: 100_000, mtime: new Date(1_700_000_000_000), pax: { uid: '2000000' } },
      ),
    ]);
    expect(outline(tree)).toEqual([root, '/l l 777', '/null c 666', '/pipe p 600', '/sda b 660', '/su f 6755']);
    expect(tree.entries.get('/l')).toMatchObject({ link: '../a b', size: 0, sha256: '' });
    expect(tree.entries.get('/su')).toMatchObject({ uid: 2_000_000, gid: 100_000, mtime: 1_700_000_000, size: 0 });
    expect(tree.entries.get('/su')?.sha256).toBe(sha256(''));
  });

  it('an unknown kind is refused', async () => {
    await expect(apply([{ name: 'x', type: 'contiguous-file' }])).resolves.toContain('/x f 644');
    const made = await layer({ name: 'x' });
    const header = Buffer.from(made.tar.subarray(0, 512));
    header[156] = 'Z'.charCodeAt(0);
    header.write('        ', 148);
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const tar = Buffer.concat([header, made.tar.subarray(512)]);
    await expect(treeOf([{ tar }])).rejects.toThrow(/unknown tar type "Z"/);
  });
});

describe('hard links', () => {
  const target = { name: 'a', content: 'same', mode: 0o4755, uid: 7 };
  const link = (name: string, linkname: string): Made => ({ name, linkname, type: 'link' });

  it('are the file they name, in this layer or a lower one', async () => {
    const tree = await treeOf([await layer(target, link('b', './a')), await layer(link('d/c', '/a'))]);
    const { path: _, ...facts } = tree.entries.get('/a') ?? { path: '' };
    expect(facts).toMatchObject({ mode: 0o4755, uid: 7, size: 4, sha256: sha256('same') });
    expect(tree.entries.get('/b')).toEqual({ ...facts, path: '/b' });
    expect(tree.entries.get('/d/c')).toEqual({ ...facts, path: '/d/c' });
  });

  it('keep the file when its first name goes', async () => {
    const layers = [await layer(target, link('b', 'a')), await layer({ name: '.wh.a' })];
    const tree = await treeOf(layers, () => true);
    expect(outline(tree)).toEqual([root, '/b f 4755']);
    expect(tree.contents.get('/b')?.toString()).toBe('same');
  });

  it('have the content when only their name is wanted', async () => {
    const layers = [
      await layer({ name: 'x', content: 'other' }, target),
      await layer(link('etc/b', 'a'), link('c', 'a')),
    ];
    const tree = await treeOf(layers, (path) => path === '/etc/b');
    expect(tree.contents).toEqual(new Map([['/etc/b', Buffer.from('same')]]));
  });

  it('to nothing or to a directory are refused', async () => {
    await expect(apply([link('b', 'none')])).rejects.toThrow(/hard link to "none", which is not there/);
    await expect(apply([{ name: 'd/' }, link('b', 'd')])).rejects.toThrow(/which is a directory/);
  });
});

it('contents that a later layer removes or replaces are dropped', async () => {
  const layers = [
    await layer({ name: 'gone', content: '1' }, { name: 'd/x', content: '2' }, { name: 'kept', content: '3' }),
    await layer({ name: '.wh.gone' }, { name: 'd', content: '4' }, { name: 'big', content: '5'.repeat(100) }),
  ];
  const tree = await treeOf(layers, (_path, size) => size < 10);
  expect([...tree.contents].map(([path, bytes]) => `${path} ${bytes}`).sort()).toEqual(['/d 4', '/kept 3']);
});

it('an image of more entries than the limit is refused, implied directories included', () => {
  const file = { mode: 0, flag: '0', uid: 0, gid: 0, size: 0, mtime: 0, linkname: '', capability: '' };
  const applier = new LayerApplier(new Tree('big.tar', 5), 0, 'big.tar', () => false);
  for (const name of ['a', 'b', 'c/d']) applier.take({ ...file, name });
  expect(() => applier.take({ ...file, name: 'e/f' })).toThrow('big.tar has more than 5 entries');
});
