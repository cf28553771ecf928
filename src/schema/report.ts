import { findingKinds, severities, verdicts } from '../core/finding.ts';

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const attributes = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean', 'array'], items: text },
} as const;
const verdict = { enum: verdicts } as const;
const kind = { enum: findingKinds } as const;
const counts = (names: readonly string[]) => ({
  type: 'object',
  required: names,
  properties: Object.fromEntries(names.map((n) => [n, count])),
});

const finding = {
  type: 'object',
  required: ['id', 'kind', 'change', 'subject', 'severity', 'disposition', 'rule', 'reason', 'explains', 'controls'],
  properties: {
    id: { ...text, description: 'stable over scans' },
    kind,
    change: { enum: ['added', 'removed', 'changed', 'violates'] },
    subject: { ...text, description: 'printable' },
    subjectBase64: { ...text, description: 'raw bytes of the subject when the printable form loses something' },
    severity: { enum: severities },
    disposition: { enum: ['drift', 'violation', 'expected', 'waived'] },
    rule: text,
    reason: text,
    before: attributes,
    after: attributes,
    diff: { ...text, description: 'unified diff' },
    ownedBy: { ...text, description: 'package' },
    explains: { ...count, description: 'differences that it stands for beyond itself' },
    tamper: { type: 'boolean' },
    imageFault: { type: 'boolean', description: 'a new instance of the image would have the same' },
    prevalence: { type: 'object', required: ['seen', 'of'], properties: { seen: count, of: count } },
    firstSeenAt: { type: 'string', format: 'date-time' },
    controls: { type: 'array', items: text },
    considered: {
      type: 'array',
      items: { type: 'object', required: ['rule', 'why'], properties: { rule: text, why: text } },
    },
    attribution: {
      type: 'array',
      description: "who did it, by the instance's own logs, which its root can forge",
      maxItems: 3,
      items: {
        type: 'object',
        required: ['source'],
        properties: { by: text, at: { type: 'string', format: 'date-time' }, command: text, source: text },
      },
    },
  },
} as const;

const instance = {
  type: 'object',
  required: [
    'id',
    'uri',
    'name',
    'group',
    'labels',
    'image',
    'manifest',
    'verdict',
    'flags',
    'score',
    'recommendation',
    'coverage',
    'gaps',
    'findings',
  ],
  properties: {
    id: text,
    uri: text,
    name: text,
    group: text,
    labels: { type: 'object', additionalProperties: text },
    os: text,
    image: { type: 'object', required: ['ref'], properties: { ref: text, digest: text } },
    manifest: {
      anyOf: [{ type: 'null' }, { type: 'object', required: ['digest'], properties: { digest: text, signedBy: text } }],
    },
    verdict,
    flags: { type: 'array', items: verdict },
    score: { type: 'integer', minimum: 0, maximum: 100 },
    recommendation: {
      type: 'object',
      required: ['action', 'reason'],
      properties: { action: { enum: ['keep', 'replace', 'rebake', 'investigate'] }, reason: text },
    },
    coverage: {
      type: 'object',
      required: ['files'],
      properties: {
        files: { type: 'number', minimum: 0, maximum: 1 },
        depth: { enum: ['full', 'quick', 'metadata'] },
        filesHashedNow: { type: 'integer', minimum: 0 },
        socketsJudged: { type: 'boolean' },
        bytesReceived: { type: 'integer', minimum: 0 },
        oldestHashAt: { type: 'string', format: 'date-time' },
      },
    },
    gaps: {
      type: 'array',
      items: {
        type: 'object',
        required: ['probe', 'reason', 'detail'],
        properties: { probe: text, reason: text, detail: text },
      },
    },
    findings: { type: 'array', items: finding },
    seconds: { type: 'number', minimum: 0 },
  },
} as const;

const instanceFindings = {
  type: 'object',
  required: ['instance', 'findings'],
  properties: { instance: text, findings: { type: 'array', items: text } },
} as const;

/** The published schema of `--format json`. Additive changes only within v1. */
export const reportSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:snowfence:schema:report:v1',
  title: 'snowfence report',
  type: 'object',
  required: ['schema', 'scan', 'summary', 'instances', 'fleet'],
  properties: {
    schema: { const: 'snowfence.report/v1' },
    scan: {
      type: 'object',
      required: ['id', 'startedAt', 'finishedAt', 'depth', 'scanner', 'probe', 'policy'],
      properties: {
        id: text,
        startedAt: { type: 'string', format: 'date-time' },
        finishedAt: { type: 'string', format: 'date-time' },
        depth: { enum: ['full', 'quick', 'metadata'] },
        partial: { type: 'boolean' },
        scanner: { type: 'object', required: ['version'], properties: { version: text } },
        probe: { type: 'object', required: ['sha256'], properties: { sha256: text } },
        policy: { type: 'object', required: ['digest'], properties: { digest: text } },
      },
    },
    summary: {
      type: 'object',
      required: ['instances', 'findings', 'gaps'],
      properties: {
        instances: counts(verdict.enum),
        findings: counts(severities),
        gaps: count,
      },
    },
    instances: { type: 'array', items: instance },
    controls: {
      type: 'array',
      items: {
        type: 'object',
        required: ['control', 'state', 'rules', 'evidenced', 'failed', 'waived', 'notCovered'],
        properties: {
          control: text,
          state: { enum: ['evidenced', 'failed', 'not covered'] },
          rules: { type: 'array', items: text },
          evidenced: count,
          failed: { type: 'array', items: instanceFindings },
          waived: { type: 'array', items: instanceFindings },
          notCovered: {
            type: 'array',
            items: { type: 'object', required: ['instance', 'why'], properties: { instance: text, why: text } },
          },
        },
      },
    },
    waivers: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'owner', 'reason', 'expires', 'state', 'used'],
        properties: {
          id: text,
          owner: text,
          reason: text,
          ticket: text,
          expires: { type: 'string', format: 'date-time' },
          state: { enum: ['active', 'pending', 'expiring', 'expired'] },
          used: count,
        },
      },
    },
    fleet: {
      type: 'array',
      items: {
        type: 'object',
        required: ['image', 'instances', 'consensus', 'clusters', 'snowflakes'],
        properties: {
          image: text,
          instances: count,
          consensus: {
            type: 'array',
            items: {
              type: 'object',
              required: ['kind', 'change', 'subject', 'seen', 'of'],
              properties: { kind, change: text, subject: text, seen: count, of: count },
            },
          },
          clusters: {
            type: 'array',
            items: {
              type: 'object',
              required: ['findings', 'instances'],
              properties: { findings: count, instances: { type: 'array', items: text } },
            },
          },
          snowflakes: { type: 'array', items: text },
        },
      },
    },
  },
} as const;
