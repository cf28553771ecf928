import type { FromSchema } from 'json-schema-to-ts';
import { severities, verdicts } from '../core/finding.ts';
import { windowSchema } from './window.ts';

const names = { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1, uniqueItems: true } as const;
const labels = { type: 'object', additionalProperties: { type: 'string' } } as const;
const count = { type: 'integer', minimum: 0 } as const;
const percent = { type: 'number', minimum: 0, maximum: 100 } as const;

const window = { ...windowSchema, description: 'replacements begin only while it is open' } as const;

/** Limits that count in a group; those of `guard` hold where a group has none of its own. */
const groupLimits = {
  maxCount: { ...count, description: 'most instances of the group in one plan' },
  maxPercent: { ...percent, description: 'the same as a share of the instances of the group' },
  minHealthy: { ...count, description: 'reachable instances of the group that must be left while others are replaced' },
  minHealthyPercent: { ...percent, description: 'the same as a share of the group' },
  parallel: { type: 'integer', minimum: 1, maximum: 100, description: 'of the group at once' },
  cooldownMinutes: { type: 'number', minimum: 0, description: 'since a replacement in the group last began' },
  window,
} as const;

const hook = {
  type: 'object',
  additionalProperties: false,
  description: 'a program (argv, no shell; JSON on its standard input) or an address that JSON is posted to',
  properties: {
    command: { type: 'array', items: { type: 'string' }, minItems: 1 },
    url: { type: 'string', pattern: '^https?://' },
    secret: {
      type: 'string',
      pattern: '^(env|file):.+',
      description: 'by reference: signs what is posted (HMAC-SHA256, header X-Snowfence-Signature)',
    },
    timeoutSeconds: { type: 'number', exclusiveMinimum: 0, maximum: 86_400, description: 'default 300' },
  },
  oneOf: [{ required: ['command'] }, { required: ['url'] }],
} as const;

/** The section `replace` of the fleet file. */
export const replaceSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'who may be replaced, by what, how fast, and what is checked. Without it nothing is replaced',
  properties: {
    mode: {
      enum: ['plan', 'auto'],
      description: 'auto: apply after every scan that asks for it with --replace (default plan)',
    },
    driver: { type: 'string', minLength: 1, description: 'of groups that name none' },
    drivers: { type: 'object', additionalProperties: { type: 'object' }, description: 'settings by driver' },
    groups: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          driver: { type: 'string', minLength: 1 },
          settings: { type: 'object', description: "overlays the driver's" },
          image: {
            type: 'string',
            minLength: 1,
            description: 'new ones are launched from this, not from their old image',
          },
          ...groupLimits,
        },
      },
    },
    guard: {
      type: 'object',
      additionalProperties: false,
      properties: {
        allowGroups: { ...names, description: 'only these; without it none' },
        denyGroups: names,
        allowLabels: { ...labels, description: 'only instances that have all of these' },
        denyLabels: { ...labels, description: 'no instance that has one of these' },
        total: {
          type: 'object',
          additionalProperties: false,
          description: 'over all groups together',
          properties: {
            maxCount: { ...count, description: 'default 5' },
            maxPercent: { ...percent, description: 'default 20' },
            parallel: { ...groupLimits.parallel, description: 'default 1' },
          },
        },
        ...groupLimits,
        zoneLabel: { type: 'string', minLength: 1, description: 'never two zones of a group at once' },
        minAgeMinutes: { type: 'number', minimum: 0, description: 'younger instances are left alone (default 60)' },
        verdicts: { type: 'array', items: { enum: verdicts }, minItems: 1, uniqueItems: true },
        minSeverity: { enum: severities, description: 'of the worst live finding (default low)' },
        incomplete: { type: 'boolean', description: 'replace also where something could not be read (default false)' },
        stateful: { ...names, description: 'instances, by name, that may be replaced though they hold data' },
        killFile: { type: 'string', minLength: 1, description: 'while this file exists nothing is begun' },
        maxScanAgeMinutes: { type: 'number', exclusiveMinimum: 0, description: 'default 1440' },
      },
    },
    evidence: {
      type: 'object',
      additionalProperties: false,
      properties: {
        directory: { type: 'string', minLength: 1 },
        maxFileKiB: { type: 'integer', minimum: 1, maximum: 65_536, description: 'default 256' },
        maxMiB: { type: 'integer', minimum: 1, maximum: 1024, description: 'default 16' },
        signingKey: {
          type: 'string',
          pattern: '^(env|file):.+',
          description: 'Ed25519 private key (PEM), by reference',
        },
      },
    },
    hooks: {
      type: 'object',
      additionalProperties: false,
      properties: { evidence: hook, drain: hook, after: hook },
    },
    verify: {
      type: 'object',
      additionalProperties: false,
      properties: {
        upSeconds: { type: 'number', exclusiveMinimum: 0, maximum: 86_400, description: 'default 900' },
        everySeconds: { type: 'number', exclusiveMinimum: 0, maximum: 3600, description: 'default 10' },
        hostKey: {
          enum: ['known', 'accept-new'],
          description:
            'accept-new: trust the key that the new one shows first, where the driver does not tell it (default known)',
        },
      },
    },
  },
} as const;

export type ReplaceConfig = FromSchema<typeof replaceSchema>;
export type GuardConfig = NonNullable<ReplaceConfig['guard']>;
export type GroupConfig = NonNullable<ReplaceConfig['groups']>[string];
export type HookConfig = NonNullable<NonNullable<ReplaceConfig['hooks']>['drain']>;
