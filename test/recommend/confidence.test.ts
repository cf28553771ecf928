import { describe, expect, it } from 'vitest';
import type { Finding, Severity } from '../../src/core/finding.ts';
import { makeFinding } from '../../src/policy/make.ts';
import { recommendImage } from '../../src/recommend/image.ts';
import { confidenceOf, recommend } from '../../src/recommend/recommendation.ts';
import type { Standing } from '../../src/recommend/verdict.ts';

const finding = (severity: Severity, more: Partial<Finding> = {}): Finding => ({
  ...makeFinding('a', 'file', 'changed', '/x', { severity, disposition: 'drift', rule: 'r/x', reason: 'it differs' }),
  ...more,
});
const gap = { probe: 'files', reason: 'permission', detail: 'no' } as const;
const standing = (rest: Partial<Standing>): Standing => ({
  ...{ reached: true, hasManifest: true, findings: [], gaps: [], shared: () => false },
  ...rest,
});

describe('confidence', () => {
  it.each<[string, string, Partial<Standing>]>([
    ['low', 'nothing could be read', { reached: false }],
    ['low', 'there is nothing to compare with', { hasManifest: false }],
    ['high', 'all was read and is as in the image', {}],
    ['medium', 'something was not read', { gaps: [gap] }],
    ['medium', 'something was not hashed', { hashed: 0.5 }],
    ['low', 'what differs is slight', { findings: [finding('low')] }],
    ['medium', 'what differs is medium', { findings: [finding('low'), finding('medium')] }],
    ['high', 'something grave differs, whatever was not read', { findings: [finding('high')], gaps: [gap] }],
    ['high', 'a package change explains it', { findings: [finding('low', { explained: true })] }],
    ['high', 'what differs is expected', { findings: [finding('low', { disposition: 'expected' })] }],
  ])('is %s where %s', (confidence, _, rest) => {
    expect(confidenceOf(standing(rest))).toBe(confidence);
  });
});

it('an agent that updates by itself is named with what to do about it', () => {
  const { reason } = recommend(
    'drifted',
    standing({ findings: [finding('low', { explained: true, agent: 'unattended-upgrades' })] }),
  );
  expect(reason).toContain('By its own logs unattended-upgrades did it: switch that off in the image');
});

describe('an image', () => {
  const image = { image: 'web:42', instances: 3, consensus: [], clusters: [], snowflakes: [] };
  const one = (
    action: 'keep' | 'replace' | 'rebake' | 'investigate',
    verdict: 'clean' | 'snowflake' | 'unreachable',
  ) => ({
    ...{ id: action, verdict, recommendation: { action, reason: 'x', confidence: 'high' as const } },
  });
  const shared = [{ kind: 'file' as const, change: 'added', subject: '/x', seen: 2, of: 3 }];
  it.each([
    ['keep', { ...image }, [one('keep', 'clean')]],
    ['rebake', { ...image, consensus: shared }, [one('rebake', 'snowflake')]],
    ['replace', { ...image }, [one('keep', 'clean'), one('replace', 'snowflake')]],
    ['investigate', { ...image }, [one('replace', 'snowflake'), one('investigate', 'snowflake')]],
    ['investigate', { ...image }, [one('keep', 'clean'), one('investigate', 'unreachable')]],
  ] as const)('is to %s', (action, of, instances) => {
    const said = recommendImage({ ...of, consensus: [...of.consensus], clusters: [], snowflakes: [] }, instances);
    expect(said).toMatchObject({ action, reason: expect.stringMatching(/^.{20,}\.$/) });
  });
});
