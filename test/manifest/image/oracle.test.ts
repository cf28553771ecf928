import { execFileSync } from 'node:child_process';
import { linkSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TreeEntry } from '../../../src/core/ports.ts';
import { read, scratch } from './make.ts';
import { parseMtree } from './mtree.ts';

/**
 * The oracle: umoci unpacks the image by its own means, and writes down what it unpacked. Layers come from a piece of a
 * real system, changed between them, so that umoci also makes the whiteouts.
 */
it('umoci and skopeo: every entry is what umoci unpacked', { timeout: 120_000 }, async ({ skip }) => {
  const missing = whatIsMissing();
  if (missing) {
    if (process.env['SNOWFENCE_LAB'] === 'required') throw new Error(`the oracle cannot run: ${missing}`);
    console.warn(`oracle test skipped: ${missing}`);
    return skip(missing);
  }
  const dir = await scratch();
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: dir, stdio: 'pipe' });
  run('umoci', 'init', '--layout', 'layout');
  run('umoci', 'new', '--image', 'layout:v0');
  run('umoci', 'unpack', '--image', 'layout:v0', 'bundle');
  const rootfs = join(dir, 'bundle/rootfs');

  run(
    'sh',
    '-c',
    'cp -a /etc /usr/share/perl5 bundle/rootfs/ 2>/dev/null; cp -a /var/lib/dpkg/info bundle/rootfs/info; :',
  );
  furnish(rootfs, run);
  run('umoci', 'repack', '--image', 'layout:v1', '--refresh-bundle', 'bundle');
  change(rootfs, run);
  run('umoci', 'repack', '--image', 'layout:v2', 'bundle');

  run('umoci', 'unpack', '--image', 'layout:v2', 'unpacked');
  const mtree = readdirSync(join(dir, 'unpacked')).find((name) => name.endsWith('.mtree')) as string;
  const expected = parseMtree(readFileSync(join(dir, 'unpacked', mtree), 'latin1'));
  expect(expected.size).toBeGreaterThan(500);

  run('skopeo', 'copy', '-q', 'oci:layout:v2', 'docker-archive:docker.tar:app:2');
  run('skopeo', 'copy', '-q', 'oci:layout:v2', 'oci-archive:oci.tar:v2');
  const places = { 'oci-layout': 'layout#v2', 'docker-archive': 'docker.tar#app:2', oci: 'oci.tar' };
  for (const [scheme, place] of Object.entries(places)) {
    const tree = await read(scheme, join(dir, place));
    expect(lines(tree.entries)).toEqual(lines(expected));
    // The later layer took one of three names away, and has the other two anew.
    const [one, other] = ['/h2', '/kept dir/h3'].map((path) => tree.entries.get(path));
    expect([one?.links, other?.links]).toEqual([2, 2]);
    expect(one?.inode).toBe(other?.inode);
  }
});

function whatIsMissing(): string {
  if (process.getuid?.() !== 0) return 'needs root, to make devices and owners';
  for (const [tool, flag] of [
    ['umoci', '--version'],
    ['skopeo', '--version'],
    ['setcap', '-h'],
  ] as const) {
    try {
      execFileSync(tool, [flag], { stdio: 'ignore' });
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return `${tool} is not installed`;
    }
  }
  return '';
}

type Run = (command: string, ...args: string[]) => Buffer;

function furnish(rootfs: string, run: Run): void {
  const at = (name: string) => join(rootfs, name);
  writeFileSync(Buffer.concat([Buffer.from(`${rootfs}/`), Buffer.from('odd \xff\n\\name', 'latin1')]), 'odd');
  run('mkdir', '-p', at('gone/below'), at('emptied/a'), at('to-file/x'), at('sticky'), at('kept dir'));
  for (const name of ['gone/below/f', 'emptied/a/f', 'emptied/b', 'to-file/x/f', 'to-dir', 'kept dir/f', 'h1', 'cap']) {
    writeFileSync(at(name), name);
  }
  linkSync(at('h1'), at('h2'));
  linkSync(at('h1'), at('kept dir/h3'));
  symlinkSync('../somewhere else', at('link'));
  run('setcap', 'cap_net_raw,cap_setfcap+ep', at('cap'));
  run('mknod', at('null'), 'c', '1', '3');
  run('mknod', at('loop'), 'b', '7', '0');
  run('mkfifo', at('pipe'));
  run('chmod', '4755', at('h1'));
  run('chmod', '1777', at('sticky'));
  run('chown', '-h', '3000000:2999999', at('link'), at('pipe'));
}

function change(rootfs: string, run: Run): void {
  const at = (name: string) => join(rootfs, name);
  for (const name of ['gone', 'to-file', 'to-dir', 'emptied/a', 'emptied/b', 'h1', 'null']) {
    rmSync(at(name), { recursive: true });
  }
  writeFileSync(at('to-file'), 'now a file');
  run('mkdir', at('to-dir'));
  writeFileSync(at('to-dir/inside'), 'now a directory');
  writeFileSync(at('etc/hostname'), 'changed');
  run('chmod', '2750', at('kept dir'));
}

function lines(entries: Map<string, TreeEntry>): string[] {
  return [...entries.values()]
    .map(({ links: _, inode: __, ...entry }) => JSON.stringify(entry, Object.keys(entry).sort()))
    .sort();
}
