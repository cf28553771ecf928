import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadPolicies } from '../../src/app/policies.ts';
import { escapeName } from '../../src/core/bytes.ts';
import { isLive } from '../../src/core/finding.ts';
import { compare } from '../../src/drift/drift.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/judge.ts';
import { fingerprint, sum } from '../drift/make.ts';

const shipped = (await loadPolicies([])).policies.map((p) => p.policy);
const policy = compilePolicy(shipped, { os: ['debian'], image: 'web:42', group: 'web' });
const pem = (name: string) => readFileSync(new URL(`../../fixtures/state/${name}.pem`, import.meta.url), 'latin1');
const [mine, strange] = [pem('authority'), pem('authority-2')];

const f = (c: string, mode = '644') => `f ${mode} 0 0 9 ${sum(c)} -`;
const link = (to: string) => `l 777 0 0 - - - ${to}`;
const authority = '/usr/share/ca-certificates/x/a.crt';
const bundle = '/etc/ssl/certs/ca-certificates.crt';

/** Live findings when a package that brings `authority` was installed, beside these files with these texts. */
function installed(files: Record<string, string>, texts: Record<string, string>, altered: string[] = []): string[] {
  const image = fingerprint({ [bundle]: f('a') }, (d) => d.contents.set(bundle, '# none\\n'));
  const live = fingerprint({ [bundle]: f('a'), [authority]: f('b'), ...files }, (d) => {
    d.packages.set('dpkg ca', '1');
    d.owned.set(authority, `ca ${'0'.repeat(32)}`);
    for (const path of altered) d.altered.add(path);
    for (const [path, text] of Object.entries({ [authority]: mine, ...texts })) d.contents.set(path, escapeName(text));
  });
  const { findings } = judge({
    instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
    ...{ image, live, policy, now: 0, drifts: compare(image, live).drifts },
  });
  return findings.filter(isLive).map(({ subject }) => subject.replace(/ SHA256:.*/, ''));
}

describe('a package that brings an authority explains', () => {
  it('the links, the list and the bundle that are made of it', () => {
    const files = { '/etc/ssl/certs/a.pem': link(authority), '/etc/ssl/certs/0a.0': link('a.pem') };
    const made = { ...files, [bundle]: f('c'), '/etc/ca-certificates.conf': f('d') };
    expect(installed(made, { [bundle]: mine, '/etc/ca-certificates.conf': '# x\n!gone.crt\nx/a.crt\n' })).toEqual([
      '/etc/ca-certificates.conf',
      'ca',
    ]);
    expect(installed(made, { [bundle]: mine, '/etc/ca-certificates.conf': '# x\nx/a.crt\n' })).toEqual(['ca']);
  });

  it.each<[string, Record<string, string>, Record<string, string>, string[]]>([
    [
      'another authority in the bundle',
      { [bundle]: f('c') },
      { [bundle]: mine + strange },
      [
        'trusted certificate CN=Example Authority, O=Example',
        'trusted certificate CN=Other Authority, O=Example',
        'ca',
      ],
    ],
    [
      'a bundle that anybody may write',
      { [bundle]: f('c', '666') },
      { [bundle]: mine },
      ['trusted certificate CN=Example Authority, O=Example', 'ca'],
    ],
    ['a bundle whose text is not known', { [bundle]: f('c') }, {}, [bundle, 'ca']],
    ['a link to somewhere else', { '/etc/ssl/certs/b.pem': link('/opt/b.crt') }, {}, ['/etc/ssl/certs/b.pem', 'ca']],
    [
      'a link to nothing',
      { '/etc/ssl/certs/b.pem': link('/usr/share/ca-certificates/x/b.crt') },
      {},
      ['/etc/ssl/certs/b.pem', 'ca'],
    ],
  ])('not %s', (_, files, texts, expected) => {
    expect(installed(files, texts)).toEqual(expected);
  });

  it('nothing where its own file was altered', () => {
    const found = installed({ '/etc/ssl/certs/a.pem': link(authority), [bundle]: f('c') }, { [bundle]: mine }, [
      authority,
    ]);
    expect(found).toContain('trusted certificate CN=Example Authority, O=Example');
  });
});
