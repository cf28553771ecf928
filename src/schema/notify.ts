import type { FromSchema } from 'json-schema-to-ts';
import { severities, verdicts } from '../core/finding.ts';
import { transitionKinds } from '../core/notify.ts';

const names = { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1, uniqueItems: true } as const;

const route = {
  type: 'object',
  additionalProperties: false,
  required: ['to'],
  description: 'what goes to which sinks; all that is said must hold',
  properties: {
    to: { ...names, description: 'names of sinks' },
    severity: { enum: severities, description: 'from this severity on' },
    verdicts: { type: 'array', items: { enum: verdicts }, minItems: 1, description: 'of the instance, before or now' },
    groups: { ...names, description: 'groups of the fleet file' },
    labels: { type: 'object', additionalProperties: { type: 'string' }, description: 'that the instance has' },
    kinds: { type: 'array', items: { enum: transitionKinds }, minItems: 1 },
  },
} as const;

/** The section `notify` of the fleet file. Each kind of sink proves its own settings. */
export const notifySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['sinks'],
  description: 'who is told what changed. Without it nobody is',
  properties: {
    sinks: {
      type: 'object',
      minProperties: 1,
      propertyNames: { pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$' },
      additionalProperties: {
        type: 'object',
        required: ['kind'],
        properties: {
          kind: { type: 'string', minLength: 1, description: 'the kind of sink; docs/notify.md has their settings' },
          maxItems: { type: 'integer', minimum: 1, maximum: 10_000, description: 'most items in one message' },
        },
      },
    },
    routes: { type: 'array', items: route, minItems: 1, description: 'everything to every sink when left out' },
    deliverSeconds: {
      ...{ type: 'number', minimum: 0, maximum: 3600 },
      description: 'that a scan may take to deliver at its end (default 30); the rest waits for the next one',
    },
    giveUpHours: {
      ...{ type: 'number', exclusiveMinimum: 0, maximum: 720 },
      description: 'after which a message that cannot be delivered is given up (default 24)',
    },
  },
} as const;

export type NotifyRoute = FromSchema<typeof route>;
export interface NotifyConfig {
  sinks: Record<string, { kind: string; maxItems?: number; [setting: string]: unknown }>;
  routes?: NotifyRoute[];
  deliverSeconds?: number;
  giveUpHours?: number;
}
