import { display, keyOf } from '../../src/core/bytes.ts';
import type { InstanceReport, Report, ReportFinding, ReportView } from '../../src/core/report.ts';

const scan: Report['scan'] = {
  id: '0f9a1c5e-0000-4000-8000-000000000001',
  startedAt: '2026-01-02T03:04:05.000Z',
  finishedAt: '2026-01-02T03:04:17.500Z',
  depth: 'full',
  partial: false,
  scanner: { version: '0.1.0' },
  probe: { sha256: 'a'.repeat(64) },
  policy: { digest: `sha256:${'b'.repeat(64)}` },
};

const none = { info: 0, low: 0, medium: 0, high: 0, critical: 0 };
const nobody = { unreachable: 0, 'unknown-image': 0, snowflake: 0, violating: 0, drifted: 0, incomplete: 0, clean: 0 };

function instance(name: string, rest: Partial<InstanceReport>): InstanceReport {
  return {
    id: name,
    uri: `ssh://root@${name}`,
    name,
    group: 'web',
    labels: {},
    os: 'Debian GNU/Linux 13 (trixie)',
    image: { ref: 'web:42' },
    manifest: { digest: `sha256:${'c'.repeat(64)}` },
    verdict: 'clean',
    flags: ['clean'],
    score: 0,
    recommendation: {
      action: 'keep',
      reason: 'Everything in scope was read and is as in its image.',
      confidence: 'high',
    },
    coverage: {
      files: 1,
      filesSeen: 1000,
      filesHashed: 1000,
      bytesHashed: 188_000_000,
      processes: 20,
      excluded: ['/proc'],
    },
    gaps: [],
    findings: [],
    seconds: 1.5,
    ...rest,
  };
}

function finding(id: string, subject: string, rest: Partial<ReportFinding>): ReportFinding {
  const shown = display(subject);
  return {
    id: `sf-${id.padStart(16, '0')}`,
    kind: 'file',
    change: 'added',
    subject: shown.text,
    ...(shown.base64 ? { subjectBase64: shown.base64 } : {}),
    severity: 'high',
    disposition: 'drift',
    rule: 'severity/programs-in-path',
    reason: 'added: a program in a place that the system runs programs from',
    explains: 0,
    tamper: false,
    controls: ['NIST 800-53 CM-7'],
    firstSeenAt: '2026-01-02T03:04:05.000Z',
    ...rest,
  };
}

/** What hostile instances, inventories and images may call themselves. */
const hostile = 'web\x1b[2J\r\n2 instances: 2 clean\u202e';

/** A fleet in which much is wrong and every name wants to deceive. */
const odd: Report = {
  schema: 'snowfence.report/v1',
  scan: { ...scan, partial: true },
  summary: {
    instances: { ...nobody, snowflake: 1, clean: 1, unreachable: 1 },
    findings: { ...none, critical: 1, high: 1, low: 1, medium: 1 },
    gaps: 2,
  },
  instances: [
    instance('web-2', {}),
    instance(hostile, {
      image: { ref: 'web:42\x1b]0;title\x07' },
      verdict: 'snowflake',
      flags: ['snowflake', 'violating', 'incomplete'],
      score: 79,
      recommendation: {
        action: 'replace',
        reason: `Launch a new instance from the image: \x1b[8mhidden${'\u200b'}`,
        confidence: 'high',
      },
      gaps: [{ probe: 'files', reason: 'permission', detail: '1 directories may not be read (first: /root\x1b[1A)' }],
      findings: [
        finding('1', '/usr/bin/\x1b[31mred\n/etc/fake', { severity: 'critical', tamper: true, explains: 2 }),
        finding('2', '/srv/\xff\xfe', { prevalence: { seen: 1, of: 3 } }),
        finding('3', keyOf('openssl'), {
          kind: 'package',
          change: 'changed',
          severity: 'low',
          reason: 'upgraded on the running server',
          before: { version: '3.5.1-1' },
          after: { version: '3.5.2-1\x1b[5m' },
          attribution: [
            {
              by: 'alice\x1b[31m',
              at: '2026-01-01T10:00:00.000Z',
              command: 'apt-get install openssl\r\n  medium   ! nothing',
              source: '/var/log/apt/history.log',
            },
            { at: '2026-01-01T09:00:00.000Z', command: 'dpkg upgrade', source: '/var/log/dpkg.log' },
          ],
        }),
        finding('4', keyOf('/etc/app.conf'), {
          change: 'changed',
          severity: 'medium',
          diff: '--- image/etc/app.conf\n+++ instance/etc/app.conf\n@@ -1 +1 @@\n-workers = 4\n+workers = 8\n',
        }),
        finding('5', keyOf('/etc/hostname'), {
          disposition: 'expected',
          severity: 'info',
          reason: 'each instance has its own name',
        }),
        finding('6', keyOf('/srv/café'), { disposition: 'waived', severity: 'low', reason: 'waived by ops' }),
      ],
    }),
    instance('db-1', {
      image: { ref: '' },
      manifest: null,
      verdict: 'unreachable',
      flags: ['unreachable'],
      recommendation: {
        action: 'investigate',
        reason: 'It could not be read (connection refused).',
        confidence: 'low',
      },
      coverage: { files: 0, filesSeen: 0, filesHashed: 0, bytesHashed: 0, excluded: [] },
      gaps: [{ probe: 'connect', reason: 'unreachable', detail: 'connection refused' }],
    }),
  ],
  fleet: [
    {
      image: 'web:42',
      instances: 2,
      consensus: [],
      clusters: [{ findings: 4, instances: [hostile] }],
      snowflakes: [hostile],
      outliers: [{ instance: hostile, own: 4, missing: 0, distance: 1 }],
      skew: [
        {
          package: 'openssl',
          versions: [
            { version: '3.5.1-1', instances: 1 },
            { version: '3.5.2-1\x1b[5m', instances: 1, since: '2026-01-02T03:04:05.000Z' },
          ],
        },
      ],
      recommendation: {
        action: 'replace',
        reason: '1 of its 2 instances left the image \x1b[2J',
        confidence: 'medium',
      },
    },
  ],
};

/** Everything as it should be. */
const clean: Report = {
  schema: 'snowfence.report/v1',
  scan,
  summary: { instances: { ...nobody, clean: 2 }, findings: none, gaps: 0 },
  instances: [
    instance('web-1', {}),
    instance('web-2', {
      findings: [finding('7', keyOf('/etc/machine-id'), { disposition: 'expected', severity: 'info' })],
    }),
  ],
  fleet: [{ image: 'web:42', instances: 2, consensus: [], clusters: [], snowflakes: [] }],
};

export const cases: Record<string, Report> = { odd, clean };

/** The same report, with instances that are made anew in each pass. */
export function onTheFly(name: string): ReportView {
  const report = cases[name];
  if (!report) throw new Error(`no ${name}`);
  const { instances, ...rest } = report;
  return {
    ...rest,
    instances: {
      length: instances.length,
      *[Symbol.iterator]() {
        for (const one of instances) yield structuredClone(one);
      },
    },
  };
}
