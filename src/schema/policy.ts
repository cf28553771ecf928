import type { FromSchema } from 'json-schema-to-ts';
import {
  allowRule,
  changes,
  common,
  denyRule,
  expectRule,
  limitRule,
  type Rule,
  requireRule,
  severity,
  strings,
} from './rules.ts';
import { windowSchema } from './window.ts';

export type { AllowRule, DenyRule, Example, ExpectRule, LimitRule, RequireRule, Rule } from './rules.ts';

export const weight = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'reason', 'severity'],
  description: 'how grave a difference of a file is, by what the file is; the first that fits decides',
  properties: {
    id: common.id,
    reason: common.reason,
    severity,
    paths: strings,
    changes,
    as: {
      enum: ['file', 'key', 'job', 'service', 'module', 'setting', 'account', 'package'],
      description: 'kind of the finding',
    },
    executable: { const: true, description: 'executable by anybody' },
    setId: { const: true, description: 'set-user-id or set-group-id' },
    capabilities: { const: true, description: 'has, had or lost file capabilities' },
    open: { const: true, description: 'a directory that anybody may write, and could not before' },
    packaged: { const: true, description: 'belongs to a package that did not change, and its content differs' },
    tamper: { const: true, description: 'evidence of tampering: investigate before the instance is replaced' },
    controls: common.controls,
  },
} as const;

export const waiver = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'owner', 'reason', 'expires'],
  properties: {
    id: common.id,
    owner: { type: 'string', minLength: 1 },
    reason: { type: 'string', minLength: 10 },
    ticket: { type: 'string' },
    starts: { type: 'string', format: 'date-time', description: 'not before this time' },
    windows: {
      type: 'array',
      minItems: 1,
      description: 'maintenance windows: honoured only while one is open',
      items: windowSchema,
    },
    expires: { type: 'string', format: 'date-time', description: 'RFC 3339 with time zone, e.g. 2026-12-31T00:00:00Z' },
    finding: { type: 'string', description: 'id of one finding' },
    instances: { ...strings, description: 'globs' },
    images: { ...strings, description: 'globs' },
    kinds: strings,
    subjects: { ...strings, description: 'globs; of what a file says, the fact or the file' },
    sha256: {
      type: 'string',
      pattern: '^[0-9a-f]{64}$',
      description: 'only this content: a further change alerts again',
    },
  },
} as const;

export const override = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'reason'],
  description: 'changes a rule or severity entry of an included or shipped policy',
  properties: {
    id: common.id,
    reason: { type: 'string', minLength: 10, description: 'why it is changed' },
    severity,
    disabled: { const: true, description: 'the rule is not asked' },
  },
} as const;

export const policySchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:snowfence:schema:policy:v1',
  title: 'snowfence policy',
  type: 'object',
  additionalProperties: false,
  required: ['schema', 'name'],
  properties: {
    schema: { const: 'snowfence.policy/v1' },
    name: { type: 'string', minLength: 1 },
    description: { type: 'string' },
    include: {
      ...strings,
      description:
        'policy files, relative to this one, or `pack:NAME`; asked after this one, so that its own rules win',
    },
    overrides: { type: 'array', items: override },
    rules: {
      type: 'array',
      items: {
        type: 'object',
        required: ['kind'],
        discriminator: { propertyName: 'kind' },
        oneOf: [expectRule, allowRule, denyRule, requireRule, limitRule],
      },
    },
    severities: { type: 'array', items: weight },
    waivers: { type: 'array', items: waiver },
  },
} as const;

export type Weight = FromSchema<typeof weight>;
export type Override = FromSchema<typeof override>;
export type Waiver = FromSchema<typeof waiver>;
export interface Policy {
  schema: 'snowfence.policy/v1';
  name: string;
  description?: string;
  include?: string[];
  overrides?: Override[];
  rules?: Rule[];
  severities?: Weight[];
  waivers?: Waiver[];
}
