import { verdicts } from '../../src/core/finding.ts';
import type { PlanItem, ReplacePlan } from '../../src/core/replacement.ts';
import type { InstanceReport, Report, ReportFinding } from '../../src/core/report.ts';
import { textOf } from '../../src/tui/cells.ts';
import { frame } from '../../src/tui/frame.ts';
import { inRange, reduce } from '../../src/tui/reduce/reduce.ts';
import { initial, type State } from '../../src/tui/state.ts';

/** What a target may call a file: escapes, wide and combining letters, a right-to-left override, half a surrogate pair. */
export const hostile = `/tmp/\u001b[2J\u001b]0;x\u0007\u202ee\u0301\u0301漢字🙂\ud800\n\r\u0085\u009b31m\u2066\u{e0041}`;

export function finding(id: string, more: Partial<ReportFinding> = {}): ReportFinding {
  return {
    ...({ id: `sf-${id}`, kind: 'file', change: 'changed', subject: `/etc/${id}`, severity: 'high' } as const),
    ...({ disposition: 'drift', rule: 'severity/files', reason: 'a file of the image changed' } as const),
    ...{ explains: 0, tamper: false, controls: ['NIST 800-53 CM-6'] },
    ...more,
  };
}

export function instance(name: string, more: Partial<InstanceReport> = {}): InstanceReport {
  return {
    ...{ id: name, uri: `ssh://root@${name}:22`, name, group: 'web', labels: { zone: 'a' }, os: 'Debian 12' },
    ...{ image: { ref: 'web:42' }, manifest: { digest: 'sha256:aa' }, verdict: 'clean' as const, flags: [], score: 0 },
    recommendation: { action: 'keep', reason: 'as its image', confidence: 'high' },
    coverage: { depth: 'full', files: 1, filesSeen: 10, filesHashed: 10, bytesHashed: 1000, excluded: ['/tmp'] },
    ...{ gaps: [], findings: [], seconds: 1 },
    ...more,
  };
}

export function drifted(name: string, findings: ReportFinding[], more: Partial<InstanceReport> = {}): InstanceReport {
  return instance(name, {
    ...{ verdict: 'snowflake', score: 80, findings },
    recommendation: { action: 'replace', reason: 'it cannot be rebuilt', confidence: 'high' },
    ...more,
  });
}

export function report(instances: InstanceReport[], id = '11111111-aaaa'): Report {
  const count = (verdict: string) => instances.filter((one) => one.verdict === verdict).length;
  const at = '2026-11-20T05:00:00.000Z';
  const images = [...new Set(instances.map(({ image }) => image.ref))];
  return {
    schema: 'snowfence.report/v1',
    scan: {
      ...{ id, startedAt: at, finishedAt: at, depth: 'full', partial: false, scanner: { version: '0' } },
      ...{ probe: { sha256: '' }, policy: { digest: '' } },
    },
    summary: {
      instances: Object.fromEntries(verdicts.map((one) => [one, count(one)])) as Report['summary']['instances'],
      findings: { critical: 0, high: 0, medium: 0, low: 0, info: 0 },
      gaps: 0,
    },
    instances,
    fleet: images.map((image) => ({
      ...{ image, instances: instances.filter((one) => one.image.ref === image).length },
      consensus: [{ kind: 'file', change: 'changed', subject: '/etc/motd', seen: 3, of: 4 }],
      clusters: [{ findings: 1, instances: ['web-1'] }],
      ...{ snowflakes: ['web-1'], outliers: [{ instance: 'web-1', own: 2, missing: 1, distance: 0.5 }] },
      skew: [{ package: 'openssl', versions: [{ version: '3.0.11', instances: 1, since: at }] }],
      recommendation: { action: 'rebake', reason: 'most drifted alike', confidence: 'medium' },
    })),
  };
}

/** Three of one image and one of another: a snowflake, one that is not read in full, and two that are clean. */
export const small = (): Report =>
  report([
    instance('web-3'),
    drifted('web-1', [
      finding('sshd', {
        diff: '--- a\n+++ b\n@@ -1 +1 @@\n-no\n+yes\n',
        before: { mode: '0644' },
        after: { mode: '0666' },
      }),
      finding('motd', { severity: 'low', kind: 'setting', subject: 'motd text' }),
      finding('id', { disposition: 'expected', severity: 'info' }),
    ]),
    instance('web-2', {
      ...{ verdict: 'incomplete', score: 5 },
      gaps: [{ probe: 'files', reason: 'permission', detail: '/root may not be read' }],
    }),
    instance('db-1', { group: 'db', image: { ref: 'db:7' } }),
  ]);

const item: PlanItem = {
  ...{ instance: 'web-1', uri: 'ssh://web-1', name: 'web-1', group: 'web', labels: {}, identity: 'm1', order: 1 },
  ...{ image: { ref: 'web:42' }, driver: 'docker', reason: 'it cannot be rebuilt', verdict: 'snowflake', score: 80 },
  ...{ evidence: true, calls: ['POST /containers/x'], checks: ['it is another machine'] },
};

export const plan = (more: Partial<ReplacePlan> = {}): ReplacePlan => ({
  ...{ schema: 'snowfence.plan/v1', digest: `sha256:abcdef${'0'.repeat(58)}`, createdAt: '', config: '' },
  ...{
    scan: { id: '11111111-aaaa', finishedAt: '' },
    items: [item],
    left: [{ instance: 'web-2', why: 'its label says so' }],
  },
  refusals: [],
  ...more,
});

export function start(of: Partial<State> = {}): State {
  const { report: shown = small(), ...more } = of;
  const can = { replace: true, scan: true };
  return inRange({
    ...initial({ title: 'last scan', can, owner: 'ops', history: () => [0, 1, 3], report: shown }),
    ...more,
  });
}

/** The state after these keys; a word of several letters that is no name of a key is typed. */
export function press(state: State, ...keys: string[]): State {
  return keys.reduce((now, key) => reduce(now, { type: 'key', key }), state);
}

export const type = (state: State, text: string): State => press(state, ...text);

/** What the screen says. */
export const screen = (state: State): string => frame(state).map(textOf).join('\n');
