import { severities } from '../core/finding.ts';
import { count, counts, finding, image, recommendation, text, verdict } from './report-parts.ts';

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
    identity: { ...text, description: 'cloud instance id or machine id' },
    launchedAt: { type: 'string', format: 'date-time' },
    stateful: {
      type: 'array',
      items: text,
      description: 'signs that it holds data that a new instance would not have',
    },
    image: { type: 'object', required: ['ref'], properties: { ref: text, digest: text } },
    manifest: {
      anyOf: [{ type: 'null' }, { type: 'object', required: ['digest'], properties: { digest: text, signedBy: text } }],
    },
    verdict,
    flags: { type: 'array', items: verdict },
    score: { type: 'integer', minimum: 0, maximum: 100 },
    recommendation,
    coverage: {
      type: 'object',
      required: ['files'],
      properties: {
        files: { type: 'number', minimum: 0, maximum: 1 },
        depth: { enum: ['full', 'quick', 'metadata'] },
        filesSeen: count,
        filesHashed: count,
        bytesHashed: count,
        processes: count,
        containerProcesses: count,
        excluded: { type: 'array', items: text },
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
  properties: {
    instance: text,
    findings: { type: 'array', items: text, description: 'ids of the gravest' },
    more: { ...count, description: 'how many there are beyond those' },
  },
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
      items: image,
    },
  },
} as const;
