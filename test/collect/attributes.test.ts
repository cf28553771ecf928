import { execFileSync, spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { probes } from '../../src/collect/registry.ts';
import { collect } from '../../src/collect/run.ts';
import type { Ask } from '../../src/core/ask.ts';
import { compare } from '../../src/drift/drift.ts';
import { aclText } from '../../src/fingerprint/acl.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { differingExtra, parseFileValue } from '../../src/fingerprint/files.ts';
import { lookup } from '../../src/fingerprint/stream.ts';
import { processSession } from '../../src/transport/process.ts';
import { program } from './shells.ts';
import { plant, type Scratch, scratch } from './tree.ts';

const limits = { connectMs: 5000, idleMs: 30_000, totalMs: 60_000, maxBytes: 1 << 28 };
const byBuckets: Ask = {
  depth: 'full',
  scratch: 'memory',
  largestFile: 0,
  mostBytes: 0,
  cpuShare: 100,
  remember: false,
  salt: '00',
};
/** user::rw-,user:1000:rwx,group::r--,mask::rwx,other::r-- as setfacl(1) stores it. */
const acl = '0200000001000600ffffffff02000700e803000004000400ffffffff10000700ffffffff20000400ffffffff';
const isRoot = process.getuid?.() === 0;

describe('attributes of files', () => {
  let dir: Scratch;
  beforeEach(() => {
    dir = scratch('attributes');
    plant(dir.path, {
      'etc/plain': 'x',
      'etc/listed': 'y',
      'etc/fixed': 'z',
      'etc/new\nline': 'w',
      'usr/bin/tool': { text: '#!/bin/sh\n', mode: 0o755 },
    });
    mkdirSync(join(dir.path, 'srv/shared'), { recursive: true });
    const set =
      'import os,sys\nfor p in sys.argv[2:]: os.setxattr(p, sys.argv[1].split("=")[0], bytes.fromhex(sys.argv[1].split("=")[1]))';
    const at = (name: string) => join(dir.path, name);
    execFileSync('python3', ['-c', set, `system.posix_acl_access=${acl}`, at('etc/listed'), at('etc/new\nline')]);
    execFileSync('python3', ['-c', set, `system.posix_acl_default=${acl}`, at('srv/shared')]);
  });
  afterEach(() => {
    spawnSync('chattr', ['-i', '-a', join(dir.path, 'etc/fixed')]);
    dir.remove();
  });

  async function read(text: string, ask: Ask | undefined) {
    const session = processSession(false, limits, new AbortController().signal);
    const changed = {
      ...session,
      run: (_program: string, ...rest: [never, never, never]) => session.run(text, ...rest),
    };
    const draft = await collect(
      changed as typeof session,
      Object.values(probes),
      { root: dir.path, mode: 'offline', since: 0 },
      undefined,
      ask,
    );
    await session.close();
    return buildFingerprint(draft);
  }
  const perl = program;
  const python = program.replace(`"$(perl -e 'print 1' 2>/dev/null)" = 1`, '1 = 0');

  it.each([
    ['perl', perl, byBuckets],
    ['perl', perl, undefined],
    ['python3', python, byBuckets],
    ['python3', python, undefined],
  ])('are read by %s (%#)', async (_name, text, ask) => {
    expect(python).not.toBe(perl);
    if (isRoot) execFileSync('chattr', ['+i', join(dir.path, 'etc/fixed')]);
    const { files } = await read(text, ask);
    const file = (path: string) => parseFileValue(lookup(files, path) ?? '');
    expect(file('/etc/listed').extra).toEqual({ acl });
    expect(file('/etc/new\\nline').extra).toEqual({ acl });
    expect(file('/srv/shared').extra).toEqual({ defaultAcl: acl });
    expect(file('/etc/plain').extra).toEqual({});
    expect(file('/usr/bin/tool')).toMatchObject({ extra: {}, capabilities: '-' });
    if (isRoot) expect(file('/etc/fixed').extra).toEqual({ flags: 'i' });
  });

  it.each([
    ['perl', perl.replace('while(my$p=<STDIN>){', 'while(my$p=<STDIN>){exit 0 if$ENV{SF_LF};')],
    ['python3', python.replace('for p in names():', 'for p in names():\n  if L: os._exit(0)')],
  ])('are not taken for absent where %s ends too early', async (_name, text) => {
    expect([perl, python]).not.toContain(text);
    const { files, gaps } = await read(text, byBuckets);
    expect(parseFileValue(lookup(files, '/etc/listed') ?? '').extra).toEqual({ acl });
    expect(gaps).toEqual([]);
  });

  it.each([
    ['perl', perl, perl.replace('while(my$p=<STDIN>){', 'while(my$p=<STDIN>){exit 0;')],
    ['perl', perl, perl.replace('while(my$p=<STDIN>){', 'while(my$p=<STDIN>){kill 9,$$;')],
    ['python3', python, python.replace('for p in names():', 'for p in names():\n  os._exit(0)')],
  ])('are unknown where %s ends too early in a walk without buckets (%#)', async (_name, whole, text) => {
    const image = await read(whole, undefined);
    const live = await read(text, undefined);
    expect(parseFileValue(lookup(live.files, '/etc/listed') ?? '')).toMatchObject({
      capabilities: '?',
      extra: { unread: true },
    });
    expect(live.gaps).toMatchObject([{ probe: 'files', reason: 'unreadable' }]);
    expect(compare(image, live).drifts).toEqual([]);
  });

  it.each([
    ['with', byBuckets],
    ['without', undefined],
  ])('are unknown where nothing reads them, %s buckets', async (_name, ask) => {
    const none = program.replace('\nexport SF_HASH SF_CAPS ', '\nSF_CAPS=none; export SF_HASH SF_CAPS ');
    expect(none).not.toBe(program);
    linkSync(join(dir.path, 'usr/bin/tool'), join(dir.path, 'usr/bin/other'));
    const image = await read(perl, ask);
    const live = await read(none, ask);
    expect(live.gaps).toMatchObject([{ probe: 'files', reason: 'tool-missing' }]);
    expect(lookup(live.files, '/etc/listed')).toMatch(/ \?$/);
    expect(lookup(live.files, '/usr/bin/tool')).toMatch(/ \?\+links=2$/);
    expect(compare(image, live)).toEqual({ drifts: [], gaps: [] });
  });

  const setAll =
    'import os,sys\nfor a in sys.argv[2:]: os.setxattr(sys.argv[1], a.split("=")[0], bytes.fromhex(a.split("=")[1]))';
  const capability = '0100000200200000000000000000000000000000';

  it.runIf(isRoot)('are not hidden behind many others, nor by an odd label on another file', async () => {
    // A memory file system takes as many as the kernel does, 64 KiB.
    const memory = mkdtempSync('/dev/shm/snowfence-attributes-');
    plant(memory, { 'etc/first': 'x', 'usr/bin/ping': { text: 'y', mode: 0o755 } });
    const many = Array.from({ length: 60 }, (_, i) => `trusted.${'x'.repeat(230)}${i}=00`);
    execFileSync('python3', ['-c', setAll, join(memory, 'usr/bin/ping'), ...many, `security.capability=${capability}`]);
    execFileSync('python3', ['-c', setAll, join(memory, 'etc/first'), 'security.selinux=6c6162656c0a']);
    const own = dir;
    dir = { ...own, path: memory };
    try {
      for (const text of [perl, python])
        for (const ask of [byBuckets, undefined])
          expect(lookup((await read(text, ask)).files, '/usr/bin/ping')).toContain(` ${capability}`);
    } finally {
      dir = own;
      rmSync(memory, { recursive: true });
    }
  });

  it.runIf(isRoot)('numbers of devices', async () => {
    execFileSync('mknod', [join(dir.path, 'etc/kmem'), 'c', '1', '2']);
    execFileSync('mknod', [join(dir.path, 'etc/disk'), 'b', '259', '70000']);
    for (const text of [perl, python]) {
      const { files } = await read(text, byBuckets);
      expect(parseFileValue(lookup(files, '/etc/kmem') ?? '')).toMatchObject({ type: 'c', extra: { device: '1:2' } });
      expect(parseFileValue(lookup(files, '/etc/disk') ?? '')).toMatchObject({
        type: 'b',
        extra: { device: '259:70000' },
      });
    }
  });
});

it('an access control list is written as acl(5) does', () => {
  expect(aclText(acl)).toBe('user::rw-,user:1000:rwx,group::r--,mask::rwx,other::r--');
  for (const odd of ['', 'zz', '02', '0200000001', `${acl}00`]) expect(typeof aclText(odd)).toBe('string');
});

it('what only one side can know is no difference', () => {
  const extra = (attributes: string) => parseFileValue(`f 644 0 0 1 22 ${attributes}`).extra;
  expect(differingExtra(extra('-'), extra('selinux=a:b:c:s0'))).toEqual([]);
  expect(differingExtra(extra('selinux=a:b:etc_t:s0'), extra('selinux=a:b:tmp_t:s0'))).toEqual(['selinux']);
  expect(differingExtra(extra('-'), extra('acl=02'))).toEqual(['acl']);
  expect(differingExtra(extra('flags=i'), extra('?'))).toEqual([]);
  expect(differingExtra(extra('acl=02'), extra('?+links=2'))).toEqual(['links']);
  expect(differingExtra(extra('-'), extra('dev=1:2'))).toEqual([]);
  expect(parseFileValue('f 644 0 0 1 22 0100000200+acl=02 ')).toMatchObject({
    capabilities: '0100000200',
    extra: { acl: '02' },
  });
  expect(parseFileValue('l 777 0 0 - - selinux=x a b')).toMatchObject({ link: 'a b', extra: { selinux: 'x' } });
});
