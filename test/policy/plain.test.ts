import { expect, it } from 'vitest';
import { judgeInstance, policyCompiler } from '../../src/app/instance.ts';
import { loadPolicies } from '../../src/app/policies.ts';
import type { Manifest } from '../../src/core/manifest.ts';
import type { Policy } from '../../src/schema/policy.ts';
import { file, fingerprint } from '../drift/make.ts';

it('what siblings share is judged as if each were alone', async () => {
  const { policies } = await loadPolicies([]);
  const all = policies.map(({ policy }) => policy);
  const image = fingerprint({ '/usr/share/a': file('a'), '/usr/share/b': file('b'), '/etc/c': file('c') });
  const manifest = { image: { ref: 'web:42' }, digest: 'sha256:x', fingerprint: image } as Manifest;
  const judge = (id: string, files: Record<string, string>, compileFor = policyCompiler(all), of = manifest) => {
    const instance = { id, uri: `ssh://${id}`, name: id, group: 'web', labels: {}, reach: {} };
    const at = new Date('2026-06-01T00:00:00Z');
    return judgeInstance(instance, fingerprint(files), of, compileFor, at).findings;
  };
  const shared = policyCompiler(all);
  const forms = [
    { '/usr/share/a': file('d'), '/usr/share/b': file('b'), '/etc/c': file('c') },
    { '/usr/share/a': file('d', '4755'), '/usr/share/b': file('e'), '/etc/c': file('c') },
    { '/usr/share/a': file('d'), '/etc/c': file('f'), '/usr/share/new': file('1') },
  ];
  for (const _ of [1, 2])
    for (const [i, files] of [...forms, ...forms.toReversed()].entries())
      expect(judge(`web-${i}`, files, shared)).toEqual(judge(`web-${i}`, files));
  // Another image of the same name knows nothing of it.
  const other = { ...manifest, fingerprint: fingerprint({ ...forms[0], '/usr/share/a': file('9') }) } as Manifest;
  for (const files of forms)
    expect(judge('x', files, shared, other)).toEqual(judge('x', files, policyCompiler(all), other));
});

it('a server that does not say which system it is has the rules of its image', () => {
  const rule = {
    id: 'own/x',
    kind: 'expect',
    fact: 'file',
    paths: ['/etc/x'],
    changes: ['added'],
    os: ['alpine'],
    reason: 'the first start',
  };
  const compileFor = policyCompiler([{ schema: 'snowfence.policy/v1', rules: [rule] } as Policy]);
  const instance = { id: 'a', uri: 'ssh://a', name: 'a', group: 'web', labels: {}, reach: {} };
  const of = (id: string, files: Record<string, string>) => {
    const made = fingerprint(files);
    return { ...made, os: { ...made.os, id, like: [] } };
  };
  const manifest = {
    image: { ref: 'web:42' },
    digest: 'sha256:x',
    fingerprint: of('alpine', {}),
  } as unknown as Manifest;
  const disposition = (id: string) =>
    judgeInstance(instance, of(id, { '/etc/x': file('x') }), manifest, compileFor, new Date(0)).findings.map(
      (finding) => finding.disposition,
    );
  const container = { ...of('', {}), os: { ...of('', {}).os, like: ['container'] } };
  const inContainer = { ...rule, id: 'own/c', paths: ['/etc/c'], os: ['container'] };
  const both = policyCompiler([{ schema: 'snowfence.policy/v1', rules: [rule, inContainer] } as Policy]);
  const { files } = fingerprint({ '/etc/c': file('c'), '/etc/x': file('x') });
  const seen = judgeInstance(instance, { ...container, files }, manifest, both, new Date(0)).findings;
  expect(seen.map((finding) => finding.disposition)).toEqual(['expected', 'expected']);
  expect(['alpine', '', 'debian'].map(disposition)).toEqual([['expected'], ['expected'], ['drift']]);
});
