import type { FromSchema } from 'json-schema-to-ts';
import { depths } from '../core/ask.ts';
import { severities } from '../core/finding.ts';

const job = {
  type: 'object',
  additionalProperties: false,
  required: ['cron'],
  properties: {
    cron: { type: 'string', minLength: 1, maxLength: 200, description: 'minute hour day month weekday, or @daily' },
    zone: { type: 'string', minLength: 1, description: 'IANA time zone that cron is read in (default UTC)' },
    depth: { enum: depths, description: 'as `scan --depth`' },
    groups: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      minItems: 1,
      uniqueItems: true,
      description: 'only instances of these groups',
    },
    jitterSeconds: {
      type: 'integer',
      minimum: 0,
      maximum: 86_400,
      description: 'each run begins up to so much later; less than the time between two runs',
    },
    catchUp: { type: 'boolean', description: 'make up for missed runs with one run (default true)' },
    formats: {
      type: 'array',
      items: { type: 'string', pattern: '^[a-z]+=.+' },
      minItems: 1,
      uniqueItems: true,
      description: 'FORMAT=FILE, relative to this file; {job} and {time} stand for its name and time',
    },
    replace: { type: 'boolean', description: 'as `scan --replace`; needs replace.mode auto' },
    policy: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      uniqueItems: true,
      description: 'policy files, relative to this file, or pack:NAME',
    },
    failOn: { enum: severities, description: 'from this severity on a run ends with exit code 1 (default low)' },
  },
} as const;

/** The section `schedules` of the fleet file: jobs by name. */
export const schedulesSchema = {
  type: 'object',
  description: 'when it is scanned, for `serve`, `schedule` and `scan --job`',
  propertyNames: { pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$' },
  minProperties: 1,
  maxProperties: 100,
  additionalProperties: job,
} as const;

export type JobConfig = FromSchema<typeof job>;
