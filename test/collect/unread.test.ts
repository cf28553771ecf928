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
});
