import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/drift/drift.ts';
import { file, fingerprint, sum } from './make.ts';

const changes = (...args: Parameters<typeof compare>) => compare(...args).drifts.map((d) => `${d.change} ${d.key}`);

describe('what is unknown', () => {
  it.each([
    ['a digest', file('a'), file('?')],
    ['a digest in the manifest', file('?'), file('a')],
    ['a size', `f 644 0 0 ? ${sum('a')} -`, file('a')],
    ['capabilities', `f 644 0 0 5 ${sum('a')} ?`, `f 644 0 0 5 ${sum('a')} 01`],
    ['the mode of a link', 'l 777 0 0 - - - x', 'l 755 0 0 - - - x'],
    ['how a mode is written', file('a', '0644'), file('a', '644')],
  ])('never drifts: %s', (_, before, after) => {
    expect(changes(fingerprint({ '/f': before }), fingerprint({ '/f': after }))).toEqual([]);
  });

  it('does not hide what is known', () => {
    expect(changes(fingerprint({ '/f': file('a') }), fingerprint({ '/f': file('?', '4755') }))).toEqual(['changed /f']);
    expect(changes(fingerprint({ '/f': file('a') }), fingerprint({ '/f': file('b') }))).toEqual(['changed /f']);
    expect(changes(fingerprint({ '/f': 'l 777 0 0 - - - x' }), fingerprint({ '/f': 'l 777 0 0 - - - y' }))).toEqual([
      'changed /f',
    ]);
  });

  it('the state of a password on one side', () => {
    const account = (state: string, shell = '/bin/sh') =>
      fingerprint({}, (d) => d.accounts.set('user a', `1\t1\t\t/\t${shell}\t${state}`));
    expect(changes(account('locked -'), account('?'))).toEqual([]);
    expect(changes(account('?'), account('set abc'))).toEqual([]);
    expect(changes(account('locked -'), account('?', '/bin/bash'))).toEqual(['changed user a']);
    expect(changes(account('locked -'), account('set abc'))).toEqual(['changed user a']);
  });
});

describe('what nobody could look at is never "removed"', () => {
  const image = fingerprint({
    '/root': 'd 700 0 0 - - -',
    '/root/.profile': file(),
    '/rootless': file(),
    '/srv': 'd 755 0 0 - - -',
    '/srv/data': file(),
    '/usr/gone': file(),
  });

  it('below a directory that may not be read', () => {
    const live = fingerprint({ '/root': 'd 700 0 0 - - -', '/srv': 'd 755 0 0 - - -', '/srv/data': file() }, (d) =>
      d.gap('files', 'permission', 'closed', ['/root']),
    );
    expect(changes(image, live)).toEqual(['removed /rootless', 'removed /usr/gone']);
  });

  it('below a mount, which is a gap that says how much it hides', () => {
    const live = fingerprint(
      { '/root': 'd 700 0 0 - - -', '/root/.profile': file(), '/rootless': file(), '/usr/gone': file() },
      (d) => d.mounts.push({ path: '/srv', type: 'nfs4' }),
    );
    const { drifts, gaps } = compare(image, live);
    expect(drifts).toEqual([]);
    expect(gaps).toEqual([
      {
        probe: 'files',
        reason: 'covered',
        detail: 'a nfs4 mount on /srv hides 1 entry of the image',
        paths: ['/srv'],
      },
    ]);
  });

  it('in a walk that did not come to its end', () => {
    const live = fingerprint({ '/root': 'd 755 0 0 - - -', '/new': file() }, (d) => d.cut('files', 'cut', 'cut'));
    expect(changes(image, live)).toEqual(['added /new', 'changed /root']);
  });

  it.each(['packages', 'accounts'] as const)('in an answer about %s that is not whole', (stream) => {
    const whole = fingerprint({}, (d) => d[stream].set('a', '1').set('b', '1'));
    const cut = fingerprint({}, (d) => {
      d[stream].set('a', '2');
      d.cut(stream, 'cut', 'cut');
    });
    expect(changes(whole, cut)).toEqual(['changed a']);
  });

  it('in an image whose database could not be read: there nothing is added', () => {
    const unread = fingerprint({}, (d) => {
      d.packages.set('dpkg a', '1').set('dpkg b', '1');
      d.cut('packages', 'unsupported', 'the rpm database is encrypted');
    });
    const live = fingerprint({}, (d) => d.packages.set('dpkg a', '2').set('rpm c', '1'));
    expect(changes(unread, live)).toEqual(['changed dpkg a', 'removed dpkg b']);
  });

  it('whatever the tree, the closed directory and the mount', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b', 'ab', 'c'), { minLength: 1, maxLength: 3 })
      .map((p) => `/${p.join('/')}`);
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 20 }), fc.array(path), path, path, (all, kept, closed, mount) => {
        const files = (paths: string[]) => Object.fromEntries(paths.map((p) => [p, file()]));
        const live = fingerprint(files(kept), (d) => {
          d.gap('files', 'permission', 'closed', [closed]);
          d.mounts.push({ path: mount, type: 'ext4' });
        });
        const removed = compare(fingerprint(files(all)), live)
          .drifts.filter((d) => d.change === 'removed')
          .map((d) => d.key);
        const under = (p: string, top: string) => p === top || p.startsWith(`${top}/`);
        const expected = all.filter((p) => !kept.includes(p) && !under(p, closed) && !under(p, mount)).sort();
        expect(removed).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });
});

it('what is out of scope is not compared', () => {
  expect(
    changes(
      fingerprint({ '/tmp/a': file(), '/tmpfile': file() }),
      fingerprint({ '/run/x': file(), '/running': file() }),
    ),
  ).toEqual(['added /running', 'removed /tmpfile']);
});

it('sockets are compared only where both sides have them', () => {
  const open = fingerprint({}, (d) => {
    d.sockets = new Map([['tcp 0.0.0.0 22 /usr/sbin/sshd', '']]);
  });
  const none = fingerprint({}, (d) => {
    d.sockets = new Map();
  });
  expect(changes(fingerprint({}), open)).toEqual([]);
  expect(changes(none, open)).toEqual(['added tcp 0.0.0.0 22 /usr/sbin/sshd']);
});
