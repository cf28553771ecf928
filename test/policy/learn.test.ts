import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { learnedPolicy } from '../../src/app/learned.ts';
import { parseText } from '../../src/config/document.ts';
import { isLive } from '../../src/core/finding.ts';
import type { InstanceReport, Report } from '../../src/core/report.ts';
import { compare } from '../../src/drift/drift.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { failedExamples } from '../../src/policy/examples.ts';
import { judge } from '../../src/policy/judge.ts';
import { learn } from '../../src/policy/learn.ts';
import { type Policy, policySchema } from '../../src/schema/policy.ts';
import { compileSchema } from '../../src/schema/validate.ts';
import { fingerprint } from '../drift/make.ts';

const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const file = (text: string, mode = '644') => `f ${mode} 0 0 ${text.length} ${sha(text)} -`;

/** Findings of an instance that has these files beside the image's. */
type Files = Record<string, { text: string; mode?: string }>;

function judged(name: string, files: Files, rules: Policy['rules'] = []) {
  const image = fingerprint({ '/etc/app.conf': file('id none\n') }, (d) =>
    d.contents.set('/etc/app.conf', 'id none\\n'),
  );
  const live = fingerprint(
    Object.fromEntries(
      Object.entries<Files[string]>({ '/etc/app.conf': { text: 'id none\n' }, ...files }).map(
        ([path, { text, mode = '644' }]) => [path, file(text, mode)],
      ),
    ),
    (d) => {
      for (const [path, { text }] of Object.entries(files))
        if (path.startsWith('/etc/')) d.contents.set(path, text.replaceAll('\n', '\\n'));
    },
  );
  return judge({
    instance: { id: name, group: '', imageRef: 'app:1' },
    ...{ image, live, now: 0, drifts: compare(image, live).drifts },
    policy: compilePolicy([{ schema: 'snowfence.policy/v1', name: 'test', rules }], {
      os: [],
      image: 'app:1',
      group: '',
    }),
  }).findings;
}

const launched = (n: number) => ({
  '/etc/app.conf': { text: `id none\ninstance ${n}${n} at 10.0.0.${n}\n` },
  '/var/lib/app/seed': { text: `seed ${n}`, mode: '600' },
});
const report = (findings: ReturnType<typeof judged>[]): InstanceReport[] =>
  findings.map(
    (list, i) =>
      ({
        id: `i${i}`,
        name: `i${i}`,
        image: { ref: 'app:1' },
        manifest: { digest: 'd' },
        findings: list,
      }) as unknown as InstanceReport,
  );

describe('what untouched instances teach', () => {
  const { rules, refused } = learn(report([1, 2, 3].map((n) => judged(`i${n}`, launched(n)))));
  const own = rules.map(({ rule }) => rule);

  it('is a typed expectation for each file, whose examples do what they say', () => {
    expect(rules.map(({ rule, seen, of }) => [rule.paths?.[0], seen, of])).toEqual([
      ['/etc/app.conf', 3, 3],
      ['/var/lib/app/seed', 3, 3],
    ]);
    expect(own[1]).toMatchObject({
      changes: ['added'],
      only: { type: 'f', modes: ['0600'], owners: ['0:0'], maxSize: 64 },
      unique: true,
    });
    expect(own[0]?.only?.lines).toBe('instance\\s+[0-9]+\\s+at\\s+[0-9.]+(/[0-9]+)?');
    expect(failedExamples(own)).toEqual([]);
    expect(refused).toEqual([]);
  });

  it('covers the next instance, and no other line, mode or size', () => {
    const live = (files: Parameters<typeof judged>[1]) =>
      judged('next', files, own)
        .filter(isLive)
        .map((f) => f.subject);
    expect(live(launched(7))).toEqual([]);
    expect(live({ ...launched(7), '/etc/app.conf': { text: 'id none\nbackdoor yes\n' } })).toEqual(['/etc/app.conf']);
    expect(live({ ...launched(7), '/var/lib/app/seed': { text: 'x', mode: '666' } })).toEqual(['/var/lib/app/seed']);
    expect(live({ ...launched(7), '/var/lib/app/seed': { text: 'x'.repeat(65), mode: '600' } })).toEqual([
      '/var/lib/app/seed',
    ]);
  });
});

it('nothing is proposed for programs, set-id files, and what is below /etc unseen', () => {
  const { rules, refused } = learn(
    report([
      judged('a', {
        '/usr/bin/x': { text: '#!', mode: '755' },
        '/opt/y': { text: 'y', mode: '4644' },
        '/etc/bin': { text: '\0', mode: '600' },
      }),
    ]),
  );
  expect(rules.map(({ rule }) => rule.paths?.[0])).not.toContain('/usr/bin/x');
  expect(refused.join('\n')).toContain('/usr/bin/x (added): it is a program');
  expect(refused.join('\n')).toMatch(/\/opt\/y.*(set-id|tampering)/);
});

it('nothing is proposed that only some had, that anybody may write, or that is no file', () => {
  const odd = { ...launched(1), '/var/lib/once': { text: 'x' } };
  const open = { '/var/lib/open': { text: 'x', mode: '666' } };
  const { rules, refused } = learn(
    report([odd, launched(2), { ...launched(3), ...open }].map((files, i) => judged(`i${i}`, files))),
  );
  expect(rules.map(({ rule }) => rule.paths?.[0])).toEqual(['/etc/app.conf', '/var/lib/app/seed']);
  expect(refused.join('\n')).toContain('/var/lib/once: seen on 1 of 3 only');
  expect(refused.join('\n')).toContain('/var/lib/open (added): anybody may write it');
  const mount = {
    kind: 'mount',
    change: 'added',
    subject: '/usr/local/share',
    disposition: 'drift',
    after: { file: '/usr/local/share', options: 'rw' },
  };
  const [one] = report([[mount as never]]);
  expect(learn(one ? [one] : [])).toEqual({
    rules: [],
    refused: ['mount /usr/local/share (added): it is not the file itself'],
  });
});

it('the policy is valid as it is written, and says where it comes from', async () => {
  const instances = report([1, 2].map((n) => judged(`i${n}`, launched(n))));
  const base = { scan: { id: 's', startedAt: 't' }, instances } as unknown as Report;
  const text = learnedPolicy(base);
  expect(text).toContain('# Proposed from 2 instances of app:1');
  expect(text).toContain('# From fewer than three instances');
  const policy = parseText<Policy>(text, 'learned.yaml', 'policy', await compileSchema(policySchema));
  expect(policy.rules).toHaveLength(2);
  const two = [...instances, { ...instances[0], image: { ref: 'other:1' } }] as InstanceReport[];
  expect(() => learnedPolicy({ ...base, instances: two })).toThrow('has 2 images (app:1, other:1)');
  expect(() => learnedPolicy({ ...base, instances: [] })).toThrow('has 0 images that were judged');
});
