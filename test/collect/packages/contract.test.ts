import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { draftOfTree, wantedFromImage } from '../../../src/collect/offline.ts';
import type { Draft } from '../../../src/core/draft.ts';
import type { ImageTree, TreeEntry } from '../../../src/core/ports.ts';
import { busybox, busyboxProgram, draftOf, program, shells } from '../shells.ts';
import { plant, type Scratch, scratch } from '../tree.ts';

const at = 1_700_000_000;
const fixture = (name: string) => readFileSync(new URL(`../../../fixtures/collect/packages/${name}`, import.meta.url));
const hasRpm = !spawnFails('rpm', '--version');
const sum = (c: string) => c.repeat(64);

function spawnFails(file: string, ...args: string[]): boolean {
  try {
    execFileSync(file, args, { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
}

/** A server with every package manager at once. */
const files: Record<string, string> = {
  'var/lib/dpkg/status': `Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.22\n
Package: tool\nStatus: hold ok installed\nArchitecture: all\nVersion: 1-1\nConffiles:\n /etc/tool.conf ${'a'.repeat(32)}\n
Package: lib\nStatus: install ok half-configured\nArchitecture: i386\nVersion: 2\n`,
  'var/lib/dpkg/info/tool.list': '/.\n/etc\n/etc/tool.conf\n/usr/bin/tool\n/usr/bin/tac\n',
  'var/lib/dpkg/info/tool.md5sums': `${'b'.repeat(32)}  usr/bin/tool\n${'c'.repeat(32)}  usr/bin/tac\n`,
  'var/lib/dpkg/diversions': '/usr/bin/tac\n/usr/bin/tac.real\n:\n',
  'var/lib/dpkg/statoverride': 'root mail 2755 /usr/bin/tool\n',
  'var/lib/dpkg/arch': 'amd64\ni386\n',
  'var/lib/apt/extended_states':
    'Package: lib\nArchitecture: i386\nAuto-Installed: 1\n\nPackage: tool\nArchitecture: amd64\nAuto-Installed: 1\n',
  'lib/apk/db/installed': fixture('apk/installed').toString('latin1'),
  'etc/apk/world': 'busybox\nopenssh>9\n',
  'var/lib/pacman/local/ALPM_DB_VERSION': '9\n',
  'var/lib/pacman/local/zlib-1:1.3-1/desc': '%NAME%\nzlib\n\n%VERSION%\n1:1.3-1\n\n%REASON%\n1\n\n',
  'var/lib/pacman/local/zlib-1:1.3-1/files': '%FILES%\nusr/\nusr/lib/\nusr/lib/libz.so\n\n',
  'var/lib/pacman/local/pac-2.0-3/desc': '%NAME%\npac\n\n',
  'var/lib/pacman/local/pac-2.0-3/files': `%FILES%\netc/\netc/pac.conf\n\n%BACKUP%\netc/pac.conf\t${'d'.repeat(32)}\n`,
  'usr/local/lib/python3.11/dist-packages/labtool-1.0.dist-info/METADATA': 'Name: labtool\n',
  'usr/local/lib/python3.11/dist-packages/labtool-1.0.dist-info/RECORD': `labtool/__init__.py,sha256=${Buffer.from(sum('e'), 'hex').toString('base64url')},3\n../../../bin/labtool,,\n`,
  'usr/lib/python3/dist-packages/six-1.16.0.egg-info': 'Name: six\n',
  'usr/lib64/python3.9/site-packages/rpm-4.16-py3.9.egg-info/PKG-INFO': 'Name: rpm\n',
  'usr/local/lib/node_modules/@lab/x/package.json': '{"name":"@lab/x","version":"2.0.0"}',
  'usr/lib/node_modules/npm/package.json': '{\n  "name": "npm",\n  "version": "10.1.0"\n}\n',
  'usr/lib/node_modules/npm/node_modules/dep/package.json': '{"version":"0"}',
  'var/lib/gems/3.1.0/specifications/rake-13.0.6.gemspec': 'x',
  'usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec': 'x',
  'var/lib/snapd/snaps/core22_1122.snap': 'x',
  'var/lib/snapd/snaps/core22_1033.snap': 'x',
  'var/lib/flatpak/app/org.example.App/x86_64/stable/abcdef0123456789/metadata': 'x',
};

const links: Record<string, string> = {
  'snap/core22/current': '1122',
  'var/lib/flatpak/app/org.example.App/x86_64/stable/active': 'abcdef0123456789',
  // links of the target lead nowhere: what lies behind them is not the server's
  'usr/local/lib/node_modules/linked': '../../../lib/node_modules/npm',
  'usr/lib/python3.12': '/usr/lib/python3',
};

const facts = {
  'dpkg dpkg': '1.22',
  'dpkg tool': '1-1 (hold, auto)',
  'dpkg lib': '2 (half-configured, auto)',
  'dpkg-diversion /usr/bin/tac': 'local /usr/bin/tac.real',
  'dpkg-statoverride /usr/bin/tool': 'root mail 2755',
  'dpkg-arch i386': '-',
  'apk alpine-baselayout': '3.4.3-r2',
  'apk busybox': '1.36.1-r15',
  'apk-world busybox': '-',
  'apk-world openssh': '>9',
  'pacman zlib': '1:1.3-1 (auto)',
  'pacman pac': '2.0-3',
  'pip labtool': '1.0 /usr/local/lib/python3.11/dist-packages/labtool-1.0.dist-info',
  'pip six': '1.16.0 /usr/lib/python3/dist-packages/six-1.16.0.egg-info',
  'pip rpm': '4.16 /usr/lib64/python3.9/site-packages/rpm-4.16-py3.9.egg-info',
  'npm @lab/x': '2.0.0 /usr/local/lib/node_modules/@lab/x',
  'npm npm': '10.1.0 /usr/lib/node_modules/npm',
  'gem rake': '13.0.6 /var/lib/gems/3.1.0/specifications/rake-13.0.6.gemspec',
  'gem json': '2.6.1 /usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec',
  'snap core22': '1122, kept 1033',
  'flatpak org.example.App': 'x86_64/stable abcdef012345',
};

describe('packages of a server with every manager', () => {
  let dir: Scratch;
  let tools: Scratch;
  beforeAll(() => {
    dir = scratch("packages 'x' [y]*");
    tools = scratch('tools');
    plant(dir.path, files);
    const mtree = `/set type=file uid=0 gid=0 mode=644\n./usr/lib/libz.so sha256digest=${sum('f')}\n`;
    writeFileSync(join(dir.path, 'var/lib/pacman/local/zlib-1:1.3-1/mtree'), gzipSync(mtree));
    for (const [path, target] of Object.entries(links)) {
      mkdirSync(join(dir.path, path, '..'), { recursive: true });
      symlinkSync(target, join(dir.path, path));
    }
    // Links lead out of the tree, to this machine's own files: those keep their times.
    for (const name of readdirSync(dir.path, { recursive: true, encoding: 'utf8' }))
      if (
        realpathSync(join(dir.path, name, '..')) === join(realpathSync(dir.path), name, '..') &&
        !lstatSync(join(dir.path, name)).isSymbolicLink()
      )
        utimesSync(join(dir.path, name), at, at);
  });
  afterAll(() => {
    for (const one of [dir, tools]) one.remove();
  });

  const owned = (draft: Draft) => Object.fromEntries([...draft.owned].sort());
  const packages = (draft: Draft) => Object.fromEntries(draft.packages);
  const args = (since: number) => ({ root: dir.path, mode: 'offline', since }) as const;

  it('are the same from an image file and from the program under each shell', () => {
    const tree = draftOfTree(treeOf(dir.path), []);
    expect(packages(tree)).toEqual(facts);
    expect(tree.owned.get('/usr/bin/tac.real')).toBe(`tool ${'c'.repeat(32)}`);
    expect(tree.owned.get('/etc/pac.conf')).toBe(`pac ${'d'.repeat(32)} conffile`);
    expect(tree.owned.get('/usr/local/bin/labtool')).toBe('pip:labtool -');
    for (const { command, missing } of shells) {
      if (missing) continue;
      const draft = draftOf(command, program, args(0));
      expect(packages(draft)).toEqual(facts);
      expect(owned(draft)).toEqual(owned(tree));
      // busybox tells whole seconds only: the next one is safe
      expect([0, 1]).toContain(draft.newestPackageAt - tree.newestPackageAt);
      expect(draft.gaps.filter((gap) => gap.probe === 'packages')).toEqual([]);
    }
  });

  it.skipIf(!busybox)('are the same where every tool is busybox', () => {
    const path = join(tools.path, 'bin');
    const text = busyboxProgram(path);
    const draft = draftOf([join(path, 'ash')], text, args(0));
    expect(packages(draft)).toEqual(facts);
    expect(owned(draft)).toEqual(owned(draftOfTree(treeOf(dir.path), [])));
    const later = draftOf([join(path, 'ash')], text, args(at + 100_000));
    expect(packages(later)).toEqual(facts);
    expect(later.owned.size).toBe(0);
  });

  it('say nothing of files when none is newer than the image', () => {
    const draft = draftOf(['sh'], program, args(at));
    expect(packages(draft)).toEqual(facts);
    expect([...draft.owned]).toEqual([]);
    expect([...draft.altered, ...draft.shipped]).toEqual([]);
  });

  it('of what is newer, say what their packages put there', () => {
    const draft = draftOf(['sh'], program, args(at - 1));
    expect(draft.shipped.get('/usr/lib/libz.so')).toMatchObject({ sha256: sum('f'), mode: '644' });
    const module = '/usr/local/lib/python3.11/dist-packages/labtool/__init__.py';
    expect(draft.shipped.get(module)).toMatchObject({ sha256: sum('e') });
    expect(draft.owned.get('/usr/bin/tool')).toBe(`tool ${'b'.repeat(32)}`);
  });

  // Debian's rpm knows no ndb; test/collect/packages/rpm-database.test.ts holds what a rpm that does said of one.
  it.skipIf(!hasRpm).each([
    ['var/lib/rpm', 'rpmdb.sqlite'],
    ['usr/lib/sysimage/rpm', 'Packages'],
    ['usr/share/rpm', 'Packages'],
  ])('of rpm are the same by its command and from its database: %s/%s', (place, name) => {
    const other = scratch('rpm');
    onTestFinished(() => other.remove());
    mkdirSync(join(other.path, place), { recursive: true });
    writeFileSync(join(other.path, place, name), gunzipSync(fixture(`rpm/${name}.gz`)));
    const tree = draftOfTree(treeOf(other.path), []);
    const draft = draftOf(['sh'], program, { root: other.path, mode: 'offline', since: 0 });
    expect(draft.packages.size).toBe(14);
    expect(packages(tree)).toEqual(packages(draft));
    expect(owned(tree)).toEqual(owned(draft));
    expect([...tree.shipped].sort()).toEqual([...draft.shipped].sort());
    expect(tree.newestPackageAt).toBe(draft.newestPackageAt);
    expect([...tree.gaps, ...draft.gaps].filter((gap) => gap.probe === 'packages')).toEqual([]);
    const later = draftOf(['sh'], program, { root: other.path, mode: 'offline', since: draft.newestPackageAt });
    expect([packages(later), later.owned.size]).toEqual([packages(draft), 0]);
  });

  it('of a database that cannot be read are unknown, not gone', () => {
    const broken = scratch('broken');
    plant(broken.path, { 'var/lib/rpm/rpmdb.sqlite': 'no database' });
    const tree = draftOfTree(treeOf(broken.path), []);
    expect(tree.gaps.map((gap) => gap.reason)).toEqual(['unsupported']);
    if (hasRpm) {
      const draft = draftOf(['sh'], program, { root: broken.path, mode: 'offline', since: 0 });
      expect(draft.gaps.filter((gap) => gap.probe === 'packages').map((gap) => gap.reason)).toEqual(['unreadable']);
      expect([...draft.partial]).toEqual(['packages']);
    }
    broken.remove();
  });
});

/** A directory as the readers of image files show it. */
function treeOf(root: string): ImageTree {
  const tree: ImageTree = { entries: new Map(), contents: new Map(), names: [] };
  const followed = Object.keys(links).map((link) => `${link}/`);
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    // Node walks through links, readers of image files do not.
    if (followed.some((link) => name.startsWith(link))) continue;
    const stat = lstatSync(join(root, name));
    const path = `/${name}`;
    const type: TreeEntry['type'] = stat.isDirectory() ? 'd' : stat.isSymbolicLink() ? 'l' : 'f';
    const size = type === 'f' ? stat.size : 0;
    const mode = stat.mode & 0o7777;
    const link = type === 'l' ? readlinkSync(join(root, name)) : '';
    tree.entries.set(path, {
      ...{ path, type, mode, size, link, uid: 0, gid: 0, mtime: stat.mtimeMs / 1000 },
      ...{ sha256: '', capabilities: '' },
    });
    if (type === 'f' && wantedFromImage(path, size, mode)) tree.contents.set(path, readFileSync(join(root, name)));
  }
  return tree;
}

describe('files of apk', () => {
  it.each(shells)('are compared with their sums under $name', ({ command, missing }) => {
    if (missing) return;
    const root = scratch('apk');
    const digest = (text: string) => `Z:Q1${createHash('sha1').update(text).digest('base64')}`;
    const right = Array.from({ length: 20 }, (_, i) => `R:right-${i}\na:0:0:755\n${digest(`right ${i}`)}`);
    plant(root.path, {
      ...Object.fromEntries(right.map((_, i) => [`usr/bin/right-${i}`, `right ${i}`])),
      'usr/bin/wrong': 'other',
      'lib/apk/db/installed': `P:x\nV:1\nF:usr/bin\n${right.join('\n')}\nR:link\na:0:0:777\n${digest('right-1')}\nR:wrong\n${digest('wrong')}\nR:gone\n${digest('gone')}\n\n`,
    });
    symlinkSync('right-1', join(root.path, 'usr/bin/link'));
    const draft = draftOf(command, program, { root: root.path, mode: 'offline', since: 1000 });
    root.remove();
    expect([...draft.altered]).toEqual(['/usr/bin/wrong']);
    expect(draft.owned.size).toBe(24);
  });
});
