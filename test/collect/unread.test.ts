import { chmodSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { draftOf, program, shells } from './shells.ts';
import { plant, type Scratch, scratch } from './tree.ts';

/** As root, everything may be read: then somebody else looks. */
const another = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'] : [];

describe.each(shells.filter(({ missing }) => !missing))('what may not be read, by $name', ({ command }) => {
  let dir: Scratch;
  beforeAll(() => {
    dir = scratch('unread');
    plant(dir.path, {
      'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
      'etc/group': { text: 'root:x:0:\nsudo:x:27:web\n', mode: 0 },
      'etc/machine-id': { text: 'abc\n', mode: 0 },
      'etc/os-release': 'ID=debian\n',
    });
    chmodSync(dir.path, 0o755);
  });
  afterAll(() => dir.remove());

  it('is not taken for empty', () => {
    const draft = draftOf([...another, ...command], program, { root: dir.path, mode: 'offline', since: 0 });
    expect([...draft.accounts.keys()]).toEqual(['user root']);
    expect(draft.partial.has('accounts')).toBe(true);
    expect(draft.gaps).toContainEqual({
      probe: 'accounts',
      reason: 'permission',
      detail: '/etc/group may not be read by this account: what it holds is unknown',
    });
    // Who it is, is not known either; which system, is.
    expect([draft.os.id, draft.os.identity, draft.partial.has('os')]).toEqual(['debian', '', false]);
  });

  it('is read where a capability lets one', () => {
    const cap = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
    if (another.length === 0) return;
    const [tool = '', ...rest] = another.slice(0, -1);
    const args = { root: dir.path, mode: 'offline', since: 0 } as const;
    const draft = draftOf([tool, ...rest, ...cap, '--', ...command], program, args);
    expect([...draft.accounts.keys()]).toContain('group sudo');
    expect([draft.os.identity, draft.partial.has('accounts')]).toEqual(['abc', false]);
  });

  const packages = {
    'var/lib/dpkg/status': 'Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2-3\n\n',
    'var/lib/apt/extended_states': 'Package: tool\nArchitecture: amd64\nAuto-Installed: 1\n\n',
    'var/lib/dpkg/diversions': '/a\n/b\n:\n',
    'var/lib/dpkg/statoverride': 'root root 644 /x\n',
    'var/lib/dpkg/arch': 'amd64\ni386\n',
    'lib/apk/db/installed': 'P:small\nV:1\n\n',
    'etc/apk/world': 'small\n',
  };
  const all = [
    'dpkg tool',
    'dpkg-diversion /a',
    'dpkg-statoverride /x',
    'dpkg-arch amd64',
    'dpkg-arch i386',
    'apk small',
    'apk-world small',
  ];

  it.each([
    [0, '', ''],
    [4e9, '', ''],
    [0, 'var/lib/dpkg/status', 'dpkg tool'],
    [4e9, 'var/lib/dpkg/status', 'dpkg tool'],
    // The version of a package says whether it came as a dependency.
    [0, 'var/lib/apt/extended_states', 'dpkg tool'],
    [4e9, 'var/lib/apt/extended_states', 'dpkg tool'],
    [4e9, 'var/lib/dpkg/diversions', 'dpkg-diversion'],
    [4e9, 'var/lib/dpkg/statoverride', 'dpkg-statoverride'],
    [4e9, 'var/lib/dpkg/arch', 'dpkg-arch'],
    [4e9, 'lib/apk/db/installed', 'apk small'],
    [4e9, 'etc/apk/world', 'apk-world'],
  ])('of packages since %d, %s, is unknown', (since, closed, lost) => {
    const tree = scratch('unread');
    try {
      plant(tree.path, packages);
      chmodSync(tree.path, 0o755);
      if (closed) chmodSync(`${tree.path}/${closed}`, 0);
      const draft = draftOf([...another, ...command], program, { root: tree.path, mode: 'offline', since });
      expect([...draft.packages.keys()]).toEqual(all.filter((name) => !lost || !name.startsWith(lost)));
      expect(draft.partial.has('packages')).toBe(closed !== '');
      expect(draft.gaps.filter(({ probe }) => probe === 'packages').map(({ detail }) => detail)).toEqual(
        closed ? [`/${closed} may not be read by this account: what it holds is unknown`] : [],
      );
    } finally {
      tree.remove();
    }
  });
});
