import { readdir } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/core/errors.ts';
import { manifestSources } from '../../../src/manifest/registry.ts';
import { configOf, layer, read, scratch, sha256, source, writers } from './make.ts';

it('the registry is what the folders are', async () => {
  const folders = await readdir(new URL('../../../src/manifest', import.meta.url), { withFileTypes: true });
  const names = folders.filter((entry) => entry.isDirectory() && entry.name !== 'image').map((entry) => entry.name);
  expect(Object.keys(manifestSources).sort()).toEqual(names.sort());
});

it('every source is under this contract', () => {
  expect(Object.keys(writers).sort()).toEqual(Object.keys(manifestSources).sort());
});

const cases = Object.entries(writers).flatMap(([scheme, ways]) =>
  Object.entries(ways).map(([way, write]) => ({ scheme, way, write })),
);

describe.each(cases)('$scheme ($way)', ({ scheme, write }) => {
  it('calls itself what the registry calls it', async () => {
    expect((await source(scheme)).scheme).toBe(scheme);
  });

  it('gives the tree, the wanted contents, the digest of the configuration and the names', async () => {
    const image = {
      names: ['app:1'],
      layers: [
        await layer({ name: 'etc/' }, { name: 'etc/a', content: 'one', uid: 3, gid: 4 }, { name: 'b', content: 'b' }),
        await layer({ name: 'etc/a', content: 'two', mode: 0o600 }, { name: '.wh.b' }),
      ],
    };
    const tree = await read(scheme, await write(await scratch(), [image]), (path) => path === '/etc/a');
    expect([...tree.entries.keys()].sort()).toEqual(['/', '/etc', '/etc/a']);
    expect(tree.entries.get('/etc/a')).toEqual({
      path: '/etc/a',
      type: 'f',
      mode: 0o600,
      uid: 0,
      gid: 0,
      size: 3,
      sha256: sha256('two'),
      capabilities: '',
      link: '',
      mtime: 0,
    });
    expect(tree.contents).toEqual(new Map([['/etc/a', Buffer.from('two')]]));
    expect(tree.digest).toBe(`sha256:${sha256(configOf(image))}`);
    expect(tree.names).toEqual(['app:1']);
  });

  it('reads gzip layers', async () => {
    const plain = await layer({ name: 'a', content: 'x'.repeat(3_000_000) });
    const packed = { ...plain, packed: gzipSync(plain.tar) };
    const tree = await read(scheme, await write(await scratch(), [{ layers: [packed] }]));
    expect(tree.entries.get('/a')?.sha256).toBe(sha256('x'.repeat(3_000_000)));
  });

  it('takes the image that is asked for, and lists them when none is', async () => {
    const one = { names: ['app:1'], layers: [await layer({ name: 'one' })] };
    const two = { names: ['app:2'], layers: [await layer({ name: 'two' })] };
    const location = await write(await scratch(), [one, two]);
    const digest = sha256(configOf(two));
    for (const selector of ['app:2', `sha256:${digest}`, digest.slice(0, 12)]) {
      expect([...(await read(scheme, `${location}#${selector}`)).entries.keys()]).toContain('/two');
    }
    const refused = await read(scheme, location).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UserError);
    expect(refused).toHaveProperty('hint', expect.stringContaining(`${location}#app:1`));
    await expect(read(scheme, `${location}#nope`)).rejects.toThrow(/holds no image nope/);
  });

  it('says both digests of a damaged layer', async () => {
    const plain = await layer({ name: 'a', content: 'good' });
    const packed = Buffer.from(plain.tar);
    packed[513] = 0;
    const bad = { layers: [{ ...plain, packed }] };
    const failing = read(scheme, await write(await scratch(), [bad]));
    await expect(failing).rejects.toThrow(UserError);
    await expect(failing).rejects.toThrow(
      new RegExp(`damaged: its digest should be sha256:${sha256(plain.tar)} and is sha256:${sha256(packed)}`),
    );
  });

  it('refuses what is not there, and what is something else', async () => {
    await expect(read(scheme, `${await scratch()}/none`)).rejects.toThrow(/cannot read .*none: there is no such file/);
    await expect(read(scheme, new URL(import.meta.url).pathname)).rejects.toThrow(UserError);
    await expect(read(scheme, await scratch())).rejects.toThrow(UserError);
  });

  it('stops when it is told to', async () => {
    const image = { layers: [await layer({ name: 'a', content: Buffer.alloc(5_000_000) })] };
    const location = await write(await scratch(), [image]);
    const controller = new AbortController();
    const reason = new Error('stopped');
    const stopping = (await source(scheme)).read(
      location,
      () => {
        controller.abort(reason);
        return false;
      },
      controller.signal,
    );
    await expect(stopping).rejects.toBe(reason);
  });
});
