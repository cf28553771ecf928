import { describe, expect, it } from 'vitest';
import { applyContainer } from '../../src/collect/container.ts';
import { escapeName } from '../../src/core/bytes.ts';
import type { ContainerFacts } from '../../src/core/container.ts';
import { Draft } from '../../src/core/draft.ts';
import type { ProcessFact } from '../../src/core/facts.ts';
import { compare } from '../../src/drift/drift.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { file, fingerprint } from '../drift/make.ts';
import { draftOf, filesOf, program, shells } from './shells.ts';
import { plant, scratch } from './tree.ts';

const directory = 'd 755 0 0 - - -';

const facts: ContainerFacts = {
  id: 'c'.repeat(64),
  hostname: 'web',
  hosts: [
    { address: '', names: ['web.example.org', 'web'] },
    { address: '203.0.113.5', names: ['mirror.example.org'] },
  ],
  mounts: [
    { path: '/etc/hosts', type: 'docker', kind: 'file' },
    { path: '/sbin/docker-init', type: 'docker-init', kind: 'program' },
    { path: '/data/in\\it', type: 'volume', kind: 'data' },
  ],
};

function live(files: Record<string, string>, exes: string[] = []) {
  const draft = new Draft('/');
  draft.fileLines = Object.entries(files).map(([key, value]) => `${key}\0${value}`);
  draft.processes = exes.map((exe, i) => ({ pid: i + 1, exe }) as ProcessFact);
  draft.os.like = ['debian'];
  draft.mounts = [{ path: '/data/in\\\\it', type: 'ext4' }];
  applyContainer(draft, facts);
  return buildFingerprint(draft);
}

describe('what the runtime of a container attached', () => {
  it('is not compared, nor the directories on the way to it; the files it made are', () => {
    const image = fingerprint({ '/': directory, '/sbin': directory });
    const now = live({
      ...{ '/': directory, '/sbin': directory, '/sbin/docker-init': file('b', '755') },
      ...{ '/data': directory, '/data/in\\\\it': directory, '/data/in\\\\it/x': file('a', '4755') },
      ...{ '/etc': directory, '/etc/hosts': file('a') },
    });
    const { drifts, gaps } = compare(image, now);
    expect([drifts.map(({ change, key }) => `${change} ${key}`), gaps]).toEqual([['added /etc/hosts'], []]);
  });

  it('hides nothing beside it', () => {
    const image = fingerprint({ '/': directory });
    const { drifts } = compare(
      image,
      live({
        '/': directory,
        '/data': 'd 777 0 0 - - -',
        '/data/in': file('a'),
        '/data/in\\\\it2': file('b'),
        '/sbin/docker-init2': file('c'),
      }),
    );
    expect(drifts.map(({ key }) => key)).toEqual(['/data', '/data/in', '/data/in\\\\it2', '/sbin/docker-init2']);
  });

  it('over files of the image is a gap', () => {
    const image = fingerprint({
      '/': directory,
      '/data': directory,
      '/data/in\\\\it': directory,
      '/data/in\\\\it/x': file('a'),
    });
    const { drifts, gaps } = compare(image, live({ '/': directory, '/data': directory }));
    expect([drifts, gaps.map(({ reason, detail }) => `${reason} ${detail}`)]).toEqual([
      [],
      ['covered a volume mount on /data/in\\\\it hides 1 entry of the image'],
    ]);
  });

  it('may run if it is the runtime\u2019s own init, and nothing else of it', () => {
    const now = live({}, ['/sbin/docker-init', '/data/in\\\\it/x', '/opt/docker-init']);
    expect(now.processes?.map(({ exe }) => exe)).toEqual(['/data/in\\\\it/x', '/opt/docker-init']);
  });

  it('explains names of its configuration in /etc/hosts, and no others', () => {
    const draft = new Draft('/');
    const explained = ['172.17.0.2\tweb.example.org web', 'fd00::2\tweb', '203.0.113.5\tmirror.example.org'];
    const others = ['203.0.113.9\tweb', '203.0.113.9\tmirror.example.org', '172.17.0.2\tweb other', '# a\\n', ''];
    draft.contents.set('/etc/hosts', escapeName([...explained, ...others].join('\n')));
    applyContainer(draft, facts);
    expect(draft.contents.get('/etc/hosts')).toBe(escapeName(others.join('\n')));
  });

  it('makes it a container to the rules, with an identity of its own', () => {
    expect(live({}).os).toMatchObject({ like: ['debian', 'container'], identity: facts.id, hostname: 'web' });
  });
});

describe.each(shells)('paths to leave out under $name', ({ command, missing }) => {
  it.skipIf(missing)('are left out with all below, whatever their names hold, and nothing else is', () => {
    const dir = scratch('skip');
    try {
      plant(dir.path, { 'data/in/x': 'x', 'data/in2': 'x', 'odd [a-z]*?\\/x': 'x', 'odd b/x': 'x', 'usr/keep': 'x' });
      const args = { root: dir.path, mode: 'offline', since: 0 } as const;
      const skip = ['/data/in', '/odd [a-z]*?\\'];
      const all = filesOf(draftOf(command, program, args));
      const some = filesOf(draftOf(command, program, { ...args, skip }));
      const left = [...all.keys()].filter((key) => !some.has(key)).sort();
      expect(left).toEqual(['/data/in', '/data/in/x', '/odd [a-z]*?\\\\', '/odd [a-z]*?\\\\/x']);
      expect([...some.keys()].every((key) => all.has(key))).toBe(true);
    } finally {
      dir.remove();
    }
  });
});
