import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeProgram } from '../../src/collect/program.ts';
import { probes } from '../../src/collect/registry.ts';
import { collect, readAnswer } from '../../src/collect/run.ts';
import type { Ask } from '../../src/core/ask.ts';
import type { Draft } from '../../src/core/draft.ts';
import type { Fingerprint } from '../../src/core/facts.ts';
import { bucketsOf, contentDigests, endsByCounts, partOdd } from '../../src/fingerprint/buckets.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { processSession } from '../../src/transport/process.ts';
import { limits, plainAsk, salt } from './asking.ts';
import { answerOf, awks, lookingIn, plantAwk } from './shells.ts';
import { plant, plantOddTree, type Scratch, scratch } from './tree.ts';

/** What a fingerprint holds, to be compared. */
const held = ({ files, packages, accounts, contents, gaps, partial }: Fingerprint) => ({
  files: files.toString('latin1'),
  packages: packages.toString(),
  accounts: accounts.toString(),
  contents: contents.toString('latin1'),
  gaps,
  partial,
});

/** What stays the same on this machine from one look to the next. */
function lasting(draft: Draft) {
  const { kernel, mounts } = draft.running;
  return {
    // The kernel reckons its start anew each time, to the second.
    os: { ...draft.os, bootedAt: 0 },
    partial: [...draft.partial],
    lacks: draft.lacks,
    packages: [...draft.packages],
    owned: draft.owned.size,
    accounts: [...draft.accounts],
    contents: [...draft.contents.keys()],
    settings: [...(kernel?.settings ?? [])],
    top: mounts?.find((mount) => mount.path === '/'),
    own: draft.processes?.filter(({ pid }) => pid === process.pid).map(({ exe, sha256 }) => [exe, sha256]),
    init: draft.processes?.find(({ pid }) => pid === 1)?.exe,
  };
}

/** What the usual awk made of this machine, asked once. */
let usual: ReturnType<typeof lasting> | undefined;

describe.each(awks)('with $name', ({ command, missing }) => {
  let tree: Scratch;
  let tools: Scratch;
  let path: string;
  beforeAll(() => {
    tree = scratch('awks');
    tools = scratch('awk');
    plantOddTree(tree.path);
    for (let i = 0; i < 400; i++) plant(tree.path, { [`usr/share/doc/${(i * 7919) ** 3}-x/copyright`]: `text ${i}\n` });
    plant(tree.path, {
      'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000:Web,,,:/home/web:/bin/sh\n',
      'etc/group': 'root:x:0:\nsudo:x:27:web,root\n',
      'usr/bin/tool': { text: '#!/bin/sh\n', mode: 0o755 },
      'var/lib/dpkg/status':
        'Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2-3\nConffiles:\n /etc/app.conf 0123456789abcdef0123456789abcdef\n\n',
      'var/lib/dpkg/info/tool.list': '/.\n/usr\n/usr/bin\n/usr/bin/tool\n/etc/app.conf\n',
      'var/lib/dpkg/info/tool.md5sums': `${'a'.repeat(32)}  usr/bin/tool\n`,
    });
    path = plantAwk(tools.path, command);
  });
  afterAll(() => {
    tree.remove();
    tools.remove();
  });

  /** A scan of the tree with the walk by buckets. */
  async function read(asked: Ask, other?: string): Promise<Fingerprint> {
    const session = processSession(false, limits, new AbortController().signal);
    const run: typeof session.run = (text, ...rest) => session.run(other ? lookingIn(other, text) : text, ...rest);
    const args = { root: tree.path, mode: 'offline', since: 0 } as const;
    try {
      return buildFingerprint(await collect({ ...session, run }, Object.values(probes), args, undefined, asked));
    } finally {
      await session.close();
    }
  }

  it.skipIf(missing)('a tree is read in full and quickly, and is what it is with the usual one', async () => {
    const usual = await read(plainAsk);
    const first = await read(plainAsk, path);
    expect(held(first)).toEqual(held(usual));
    const buckets = bucketsOf(first.files);
    const expected = { ...buckets, digests: contentDigests(buckets, salt), modified: new Map() };
    const again = await read({ ...plainAsk, expected }, path);
    expect(held(again)).toEqual(held(usual));
    // Buckets that are as expected were recognised.
    expect(again.reading?.origins).toEqual(buckets.ends.map((_, i) => i));
    const stream = partOdd(first.files).plain;
    const { counts, digests } = first.reading?.sweep ?? { counts: [], digests: [] };
    const swept = { stream, ends: endsByCounts(stream, counts) ?? [], digests, modified: new Map() };
    const quick = await read({ ...plainAsk, depth: 'quick', expected: swept }, path);
    expect(held(quick)).toEqual(held(usual));
  });

  it.skipIf(missing)('this machine is told as with the usual one', () => {
    const { files: _, ...others } = probes;
    const asked = Object.values(others);
    const args = { root: '/', mode: 'live', since: 0 } as const;
    const text = composeProgram(asked);
    const told = (sent: string) => lasting(readAnswer(answerOf(['sh'], sent, args), asked, args));
    usual ??= told(text);
    const theirs = told(lookingIn(path, text));
    expect(theirs).toEqual(usual);
    expect(theirs.own).toEqual([[expect.any(String), expect.stringMatching(/^[0-9a-f]{64}$/)]]);
  });
});
