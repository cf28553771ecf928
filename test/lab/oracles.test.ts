import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyOf } from '../../src/core/bytes.ts';
import type { Fingerprint } from '../../src/core/facts.ts';
import { type FileValue, parseFileValue } from '../../src/fingerprint/files.ts';
import { readStream } from '../../src/fingerprint/stream.ts';
import { decodeManifest } from '../../src/manifest/codec.ts';
import { must, run } from './exec.ts';
import { labImage } from './image.ts';
import type { LabImage } from './image-store.ts';
import { describeLab } from './require.ts';
import { Desk } from './scanning.ts';

/** What other programs say about the same tree. */
describeLab('the manifest of an image', () => {
  let image: LabImage;
  let desk: Desk;
  let fingerprint: Fingerprint;
  let files: Map<string, FileValue>;

  beforeAll(async () => {
    image = await labImage();
    desk = await Desk.open();
    const file = await desk.manifest(image);
    fingerprint = decodeManifest(await readFile(file), file).fingerprint;
    files = new Map(Array.from(readStream(fingerprint.files), ([key, value]) => [key, parseFileValue(value)]));
  });
  afterAll(() => desk?.[Symbol.asyncDispose]());

  /** Is it none of the directories that are out of scope? */
  const inScope = (path: string) =>
    !fingerprint.excluded.some((excluded) => path === excluded || path.startsWith(`${excluded}/`));

  it('agrees with find about what is there', async () => {
    const list = (await run('find', [image.dir, '-printf', '%y %m %U %G %s /%P\\0%l\\0'])).bytes;
    const records = list.toString('latin1').split('\0').slice(0, -1);
    const truth = new Map<string, string>();
    for (let i = 0; i < records.length; i += 2) {
      const [type, mode, uid, gid, size, ...path] = (records[i] as string).split(' ');
      const name = path.join(' ');
      if (!inScope(name)) continue;
      truth.set(name, [type, mode, uid, gid, type === 'f' ? size : '-', records[i + 1]].join(' '));
    }
    const ours = [...files].map(([path, one]) => [
      path,
      [one.type, one.mode, one.uid, one.gid, one.size, one.type === 'l' ? one.link : ''].join(' '),
    ]);
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(truth));
  });

  it('agrees with AIDE about entries and contents', async () => {
    const ignored = fingerprint.excluded.map((path) => `!${path}(/.*)?$`);
    const config = await desk.file(
      'aide.conf',
      `${[
        'database_out=stdout',
        'report_url=file:/dev/null',
        'gzip_dbout=no',
        `root_prefix=${image.dir}`,
        ...ignored,
        '/ ftype+sha256',
      ].join('\n')}\n`,
    );
    const said = await must('aide', ['--init', '--config', config]);
    const spec = /^@@db_spec (.*)$/m.exec(said)?.[1]?.split(' ') ?? [];
    const sums = new Map<string, string>();
    for (const line of said.split('\n').filter((one) => one.startsWith('/'))) {
      const fields = line.split(' ');
      const sum = fields[spec.indexOf('sha256')] ?? '0';
      const path = decodeURIComponent(fields[spec.indexOf('name')] ?? '');
      // AIDE says 0 where there is no content.
      sums.set(keyOf(path), sum === '0' ? '-' : Buffer.from(sum, 'base64').toString('hex'));
    }
    expect(sums.size).toBeGreaterThan(5000);
    const ours = [...files].map(([path, one]) => [path, one.type === 'f' ? one.sha256 : '-']);
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(sums));
  });

  it('agrees with dpkg about packages, and about owners and their checksums', async () => {
    const query = ['--admindir', join(image.dir, 'var/lib/dpkg'), '-W', '-f'];
    const format = ['db:Status-Status', 'Package', 'Version'].map((field) => `\${${field}}`).join(' ');
    const list = await must('dpkg-query', [...query, `${format}\\n`]);
    const truth = list.split('\n').flatMap((line) => {
      const [state, name, version] = line.split(' ');
      return state === 'installed' ? [`dpkg ${name} ${version}`] : [];
    });
    const ours = Array.from(readStream(fingerprint.packages)).filter(([key]) => key.startsWith('dpkg '));
    expect(ours.map(([key, version]) => `${key} ${version.replace(/ \(auto\)$/, '')}`).sort()).toEqual(truth.sort());
    const auto = await must('apt-mark', ['-o', `Dir=${image.dir}`, 'showauto']);
    const marked = ours.filter(([, version]) => version.endsWith(' (auto)')).map(([key]) => key.slice('dpkg '.length));
    expect(marked.sort()).toEqual(auto.split('\n').filter(Boolean).sort());

    // What dpkg finds changed since installation is what our md5 column and the files' contents disagree on.
    const verified = await run('dpkg', ['--root', image.dir, '--verify']);
    const broken = verified.stdout.split('\n').flatMap((line) => /^\S{9} {1,3}c? ?(\/.*)$/.exec(line)?.[1] ?? []);
    const wrong: string[] = [];
    for (const [path, value] of readStream(fingerprint.owned)) {
      const md5 = value.split(' ')[1];
      if (!md5 || md5 === '-' || !inScope(path)) continue;
      const target = join(image.dir, path);
      const bytes = files.get(path)?.type === 'f' ? await readFile(target) : undefined;
      if (!bytes || createHash('md5').update(bytes).digest('hex') !== md5) wrong.push(path);
    }
    expect(wrong.sort()).toEqual(broken.filter(inScope).sort());
  });
}, ['aide', 'apt-mark', 'dpkg', 'dpkg-query']);
