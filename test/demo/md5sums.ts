import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The image of the demo as git holds it. */
export const fixture: string = fileURLToPath(new URL('../../fixtures/demo/image', import.meta.url));

const md5 = async (path: string): Promise<string> =>
  createHash('md5')
    .update(await readFile(path))
    .digest('hex');

/** What dpkg's database must say about the files of the tree: path in the tree -> content. */
export async function trueDatabase(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const info = join(root, 'var/lib/dpkg/info');
  let status = await readFile(join(root, 'var/lib/dpkg/status'), 'utf8');
  for (const name of (await readdir(info)).filter((file) => file.endsWith('.list')).sort()) {
    const list = (await readFile(join(info, name), 'utf8')).split('\n').filter((path) => path.startsWith('/'));
    const conffiles = (await readFile(join(info, name.replace(/list$/, 'conffiles')), 'utf8').catch(() => '')).split(
      '\n',
    );
    const lines: string[] = [];
    for (const path of list) {
      const file = join(root, path);
      const stats = await lstat(file).catch(() => undefined);
      if (!stats?.isFile()) continue;
      const sum = await md5(file);
      if (conffiles.includes(path))
        status = status.replace(new RegExp(`^ ${path} [0-9a-f]{32}$`, 'm'), ` ${path} ${sum}`);
      else lines.push(`${sum}  ${path.slice(1)}\n`);
    }
    found.set(`var/lib/dpkg/info/${name.replace(/list$/, 'md5sums')}`, lines.join(''));
  }
  return found.set('var/lib/dpkg/status', status);
}

// `node test/demo/md5sums.ts` writes them anew after a change of the image.
if (import.meta.main) {
  for (const [path, content] of await trueDatabase(fixture)) await writeFile(join(fixture, path), content);
}
