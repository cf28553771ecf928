import { verdicts } from '../core/finding.ts';

const text = { type: 'string' } as const;
const digest = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' } as const;
const at = { type: 'string', format: 'date-time' } as const;
const texts = { type: 'array', items: text } as const;

/** `snowfence.plan/v1`: what `replace plan` writes and `replace apply` does. Additive changes only within v1. */
export const planSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:snowfence:schema:plan:v1',
  title: 'snowfence plan of replacements',
  type: 'object',
  required: ['schema', 'digest', 'createdAt', 'scan', 'config', 'items', 'left', 'refusals'],
  properties: {
    schema: { const: 'snowfence.plan/v1' },
    digest: { ...digest, description: 'over everything else in it; approves it' },
    createdAt: at,
    scan: { type: 'object', required: ['id', 'finishedAt'], properties: { id: text, finishedAt: at } },
    config: { ...digest, description: 'of the section `replace` that it was made by' },
    items: {
      type: 'array',
      items: {
        type: 'object',
        required: [
          ...[
            'order',
            'instance',
            'uri',
            'name',
            'group',
            'labels',
            'identity',
            'image',
            'driver',
            'reason',
            'verdict',
          ],
          ...['score', 'evidence', 'calls', 'checks'],
        ],
        properties: {
          order: { type: 'integer', minimum: 1 },
          instance: text,
          uri: text,
          name: text,
          group: text,
          labels: { type: 'object', additionalProperties: text },
          identity: { ...text, description: 'cloud instance id or machine id: this one must be gone afterwards' },
          image: { type: 'object', required: ['ref'], properties: { ref: text, digest: text } },
          driver: text,
          reason: text,
          verdict: { enum: verdicts },
          score: { type: 'integer', minimum: 0, maximum: 100 },
          evidence: { type: 'boolean', description: 'evidence is kept first' },
          zone: text,
          wholeGroup: { type: 'boolean', description: 'the driver replaces all instances of its group' },
          calls: { ...texts, description: 'what the driver would call' },
          checks: { ...texts, description: 'what is looked at afterwards' },
        },
      },
    },
    left: {
      type: 'array',
      items: { type: 'object', required: ['instance', 'why'], properties: { instance: text, why: text } },
    },
    refusals: {
      type: 'array',
      description: 'limits that it is over; with one of them nothing of it is done',
      items: { type: 'object', required: ['limit', 'says'], properties: { limit: text, group: text, says: text } },
    },
  },
} as const;
