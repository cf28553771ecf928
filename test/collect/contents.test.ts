import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { draftOfTree, wantedFromImage } from '../../src/collect/offline.ts';
import type { ImageTree, TreeEntry } from '../../src/core/ports.ts';
import { busybox, busyboxProgram, draftOf, program, shells } from './shells.ts';
import { plant, type Scratch, scratch } from './tree.ts';

const closed = (text: string) => ({ text, mode: 0o600 });
const wanted: Record<string, string | { text: string; mode: number }> = {
  'etc/group': 'root:x:0:\n',
  'etc/sudoers': closed('root ALL=(ALL) ALL\n'),
  'etc/doas.conf': closed('permit root\n'),
  'etc/cron.d/job': closed('PGPASSWORD=hunter2\n* * * * * root x --token=hunter2 y\n'),
  'etc/ssh/sshd_config.d/50-cloud-init.conf': closed('PasswordAuthentication no\n'),
  'etc/ssl/certs/ca-certificates.crt': `-----BEGIN CERTIFICATE-----\n${'A'.repeat(100_000)}\n`,
  'usr/local/share/ca-certificates/x.crt': 'a certificate\n',
  'var/spool/cron/crontabs/web': closed('* * * * * x\n'),
  'var/spool/cron/bob': closed('* * * * * y\n'),
  'root/.ssh/authorized_keys': closed('ssh-rsa root\n'),
  'home/gone/.ssh/authorized_keys': closed('ssh-rsa gone\n'),
  'srv/web/.ssh/authorized_keys': closed('ssh-rsa web\n'),
  'srv/web/.ssh/authorized_keys2': closed('ssh-rsa web2\n'),
  'srv/with blank: colon/.ssh/authorized_keys': closed('never read: no home has a colon\n'),
  '.ssh/authorized_keys': closed('ssh-rsa slash\n'),
};
const unwanted: typeof wanted = {
  'etc/passwd': [
    'root:x:0:0::/root:/bin/sh',
    'web:x:10:10::/srv/web/:/bin/sh',
    'again:x:11:10::/srv/web:/bin/sh',
    'slash:x:12:10::/:/bin/sh',
    'out:x:13:10::/srv/../../out:/bin/sh',
    'linked:x:14:10::/srv/link:/bin/sh',
    'star:x:15:10::/srv/*:/bin/sh',
    '',
  ].join('\n'),
  'etc/closed.conf': closed('not shown\n'),
  'etc/large.conf': 'a'.repeat(70_000),
  'var/spool/cron/atjobs/a0000201c3a5d4': closed('export TOKEN=x\n'),
  'var/spool/cron/secret-token': closed('x\n'),
  'srv/nobody/.ssh/authorized_keys': closed('ssh-rsa nobody\n'),
  'srv/.ssh/authorized_keys': closed('ssh-rsa nobody\n'),
};
const expected = Object.keys(wanted)
  .filter((name) => !name.includes('colon'))
  .map((name) => `/${name}`)
  .sort();

describe('texts of configuration', () => {
  let dir: Scratch;
  let tools: Scratch;
  let elsewhere: Scratch;
  beforeAll(() => {
    dir = scratch('contents [x]*');
    tools = scratch('tools');
    elsewhere = scratch('elsewhere');
    plant(dir.path, { ...wanted, ...unwanted });
    plant(elsewhere.path, { '.ssh/authorized_keys': 'ssh-rsa outside\n' });
    symlinkSync(elsewhere.path, join(dir.path, 'srv/link'));
  });
  afterAll(() => {
    for (const one of [dir, tools, elsewhere]) one.remove();
  });
  const args = () => ({ root: dir.path, mode: 'offline', since: 0 }) as const;

  it.each(shells)('are what is wanted, and nothing else, under $name', ({ command, missing }) => {
    if (missing) return;
    const draft = draftOf(command, program, args());
    expect([...draft.contents.keys()].sort()).toEqual(expected);
    expect(draft.contents.get('/srv/web/.ssh/authorized_keys2')).toBe('ssh-rsa web2\\n');
    expect(draft.contents.get('/etc/cron.d/job')).toBe(
      'PGPASSWORD=<not shown>\\n* * * * * root x --token=<not shown> y\\n',
    );
    expect(draft.gaps.filter((gap) => gap.probe === 'contents')).toEqual([]);
  });

  it.skipIf(!busybox)('are the same when every tool is busybox', () => {
    const path = join(tools.path, 'bin');
    rmSync(path, { recursive: true, force: true });
    const text = busyboxProgram(path);
    expect([...draftOf([join(path, 'ash')], text, args()).contents.keys()].sort()).toEqual(expected);
  });

  it('are the same from an image file', () => {
    const tree = treeOf(dir.path);
    const draft = draftOfTree(tree, []);
    expect([...draft.contents.keys()].sort()).toEqual(expected);
    expect(Object.fromEntries(draft.contents)).toEqual(Object.fromEntries(draftOf(['sh'], program, args()).contents));
  });

  it('says so when there are more accounts than it looks at', () => {
    const many = scratch('many');
    mkdirSync(join(many.path, 'etc'));
    const lines = Array.from({ length: 2001 }, (_, i) => `u${i}:x:${i}:0::/nowhere/u${i}:/bin/sh\n`);
    writeFileSync(join(many.path, 'etc/passwd'), lines.join(''));
    const draft = draftOf(['sh'], program, { root: many.path, mode: 'offline', since: 0 });
    many.remove();
    expect(draft.gaps.filter((gap) => gap.probe === 'contents').map((gap) => gap.reason)).toEqual(['limit']);
  });
});

/** A directory as the readers of image files show it. */
function treeOf(root: string): ImageTree {
  const tree: ImageTree = { entries: new Map(), contents: new Map(), names: [] };
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    // Node walks through links, readers of image files do not.
    if (name.startsWith('srv/link/')) continue;
    const stat = lstatSync(join(root, name));
    const path = `/${name}`;
    const type: TreeEntry['type'] = stat.isDirectory() ? 'd' : stat.isSymbolicLink() ? 'l' : 'f';
    const size = type === 'f' ? stat.size : 0;
    const mode = stat.mode & 0o7777;
    tree.entries.set(path, {
      ...{ path, type, mode, size, uid: 0, gid: 0, mtime: 0 },
      ...{ sha256: '', capabilities: '', link: '' },
    });
    if (type === 'f' && wantedFromImage(path, size, mode)) tree.contents.set(path, readFileSync(join(root, name)));
  }
  return tree;
}
