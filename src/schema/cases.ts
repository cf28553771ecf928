import type { FromSchema } from 'json-schema-to-ts';
import { findingKinds, severities } from '../core/finding.ts';

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const owner = { ...text, pattern: '^[0-9]+:[0-9]+$', default: '0:0' } as const;
const mode = { ...text, pattern: '^[0-7]{3,4}$' } as const;

const entry = {
  type: 'object',
  additionalProperties: false,
  description: 'a file, a directory or a link',
  properties: {
    type: { enum: ['f', 'd', 'l'], default: 'f' },
    mode,
    owner,
    text: { ...text, description: 'its content' },
    size: { ...count, description: 'bytes; that of the text where left out' },
    link: { ...text, description: 'where it points to' },
  },
} as const;

const side = {
  type: 'object',
  additionalProperties: false,
  properties: {
    files: { type: 'object', additionalProperties: entry, description: 'by path' },
    packages: { type: 'object', additionalProperties: text, description: 'dpkg: version by name' },
    accounts: {
      type: 'object',
      description: 'by name',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          uid: { ...count, default: 1000 },
          home: text,
          shell: { ...text, default: '/bin/sh' },
          password: { enum: ['locked', 'set', 'none'], default: 'locked' },
        },
      },
    },
    groups: {
      type: 'object',
      additionalProperties: { type: 'array', items: text },
      description: 'members by name of the group',
    },
    processes: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['executable'],
        properties: {
          executable: text,
          uid: { ...count, default: 0 },
          residentMiB: { type: 'number', minimum: 0 },
          cpuSeconds: { type: 'number', minimum: 0 },
          openSockets: count,
        },
      },
    },
    sockets: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['protocol', 'port'],
        properties: {
          protocol: text,
          address: { ...text, default: '0.0.0.0' },
          port: { type: 'integer', minimum: 0, maximum: 65535 },
          executable: text,
        },
      },
    },
  },
} as const;

const outcome = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  description: 'what one of the findings must be',
  properties: {
    kind: { enum: findingKinds },
    subject: text,
    disposition: { enum: ['drift', 'violation', 'expected', 'waived'] },
    rule: { ...text, description: 'id of the rule that decides' },
    severity: { enum: severities },
  },
} as const;

/** Cases that a policy is tested on: `policy test CASES`. */
export const casesSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:snowfence:schema:policy-cases:v1',
  title: 'snowfence policy cases',
  type: 'object',
  additionalProperties: false,
  required: ['schema', 'cases'],
  properties: {
    schema: { const: 'snowfence.policy-cases/v1' },
    cases: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'instance', 'expect'],
        properties: {
          name: { ...text, minLength: 1 },
          os: { type: 'array', items: text, default: ['debian'], description: 'ID and ID_LIKE of os-release' },
          imageRef: { ...text, default: 'image' },
          group: text,
          at: { ...text, format: 'date-time', description: 'when it is judged: waivers expire. Now where left out' },
          both: { ...side, description: 'what the image and the instance have alike' },
          image: { ...side, description: 'what the image has beside it' },
          instance: { ...side, description: 'what the instance has instead' },
          expect: {
            type: 'object',
            additionalProperties: false,
            minProperties: 1,
            properties: {
              live: { ...count, description: 'how many findings count (are neither expected nor waived)' },
              findings: { type: 'array', items: outcome, description: 'each must be among the findings' },
            },
          },
        },
      },
    },
  },
} as const;

export type PolicyCases = FromSchema<typeof casesSchema>;
export type PolicyCase = PolicyCases['cases'][number];
export type CaseSide = NonNullable<PolicyCase['image']>;
