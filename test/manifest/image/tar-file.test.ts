import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { openTarFile } from '../../../src/manifest/image/tar-file.ts';
import { configOf, dockerFiles, layer, type Made, read, scratch, sha256, tarOf, writeTar } from './make.ts';

const image = { names: ['app:1'], layers: [await layer({ name: 'x', content: 'x'.repeat(5000) })] };

async function file(content: Buffer | string): Promise<string> {
  const path = join(await scratch(), 'image.tar');
  await writeFile(path, content);
  return path;
}

it('a layer that two images share is a link in archives of Docker before 25', async () => {
  const tar = image.layers[0]?.tar as Buffer;
  const config = configOf(image);
  const manifest = [{ Config: `${sha256(config)}.json`, RepoTags: ['app:1'], Layers: ['two/layer.tar'] }];
  const entries: Made[] = [
    { name: './one/layer.tar', content: tar },
    { name: './two/layer.tar', linkname: '../one/layer.tar' },
    { name: `./${sha256(config)}.json`, content: config },
    { name: './manifest.json', content: JSON.stringify(manifest) },
  ];
  const tree = await read('docker-archive', await file(await tarOf(entries)));
  expect([...tree.entries.keys()]).toEqual(['/', '/x']);
});

it('links that go in circles or out of the archive lead nowhere', async () => {
  const entries = [
    { name: 'a', linkname: 'b' },
    { name: 'b', linkname: 'a' },
    { name: 'out', linkname: '../../etc/passwd' },
  ];
  const blobs = await openTarFile(await file(await tarOf(entries)), new AbortController().signal);
  for (const { name } of entries) expect(await blobs.find(name)).toBeUndefined();
});

it('an archive that is compressed as a whole, empty or no tar is refused', async () => {
  const archive = await tarOf([...dockerFiles([image])].map(([name, content]) => ({ name, content })));
  await expect(read('docker-archive', await file(gzipSync(archive)))).rejects.toThrow(/is gzip-compressed as a whole/);
  await expect(read('docker-archive', await file(''))).rejects.toThrow(/is empty$/);
  await expect(read('oci', await file('no tar at all'))).rejects.toThrow(/is cut: it ends after 13 bytes/);
  await expect(read('oci', await file('no tar at all'.repeat(99)))).rejects.toThrow(/is no tar archive: at byte 0/);
});

it('a cut archive says how much is missing', async () => {
  const path = await writeTar(join(await scratch(), 'image.tar'), dockerFiles([image]));
  await truncate(path, 4000);
  await expect(read('docker-archive', path)).rejects.toThrow(/is cut: it has 4000 bytes, and its entries need \d+/);
});

it('an archive of another kind is refused with what it holds, and who reads it', async () => {
  const plain = await file(await tarOf([{ name: 'etc/' }, { name: 'etc/passwd' }]));
  const error = await read('docker-archive', plain).catch((thrown: unknown) => thrown);
  expect(error).toHaveProperty('message', `${plain} is no docker archive: it has no manifest.json`);
  expect(error).toHaveProperty('hint', 'it begins with etc/passwd');
  const oci = await file(await tarOf([{ name: 'index.json', content: '{}' }]));
  await expect(read('docker-archive', oci)).rejects.toHaveProperty('hint', expect.stringContaining(`oci:${oci} may`));
});
