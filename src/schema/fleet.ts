import type { FromSchema } from 'json-schema-to-ts';
import { type NotifyConfig, notifySchema } from './notify.ts';
import { type ReplaceConfig, replaceSchema } from './replace.ts';
import { type JobConfig, schedulesSchema } from './schedule.ts';

const reach = {
  user: { type: 'string', minLength: 1 },
  port: { type: 'integer', minimum: 1, maximum: 65535 },
  image: { type: 'string', minLength: 1, description: 'ref of the image, as in `manifest create --image`' },
  manifest: { type: 'string', minLength: 1, description: 'path of a manifest file, relative to this file' },
  sudo: { type: 'boolean', description: 'run the program through `sudo -n`' },
  sudoPassword: { type: 'string', pattern: '^(env|file):.+', description: 'by reference only: env:NAME or file:PATH' },
  sudoCommand: {
    type: 'string',
    pattern: '^/[A-Za-z0-9_./+-]+$',
    description: 'helper on the instance that sudo may run, as `doctor --sudoers` sets it up',
  },
  sshClient: { enum: ['builtin', 'openssh'], description: 'openssh: for certificates, FIDO keys, GSSAPI' },
  proxyJump: { type: 'string', minLength: 1, description: '[user@]host[:port],... or none' },
  hostKeys: {
    type: 'array',
    minItems: 1,
    items: { type: 'string', pattern: '^([a-z0-9@.-]+ +)?(AAAA[A-Za-z0-9+/]+|SHA256:[A-Za-z0-9+/]{43})' },
    description: 'the only good host keys: OpenSSH lines or [TYPE] SHA256:... fingerprints',
  },
  hostKeyPolicy: { enum: ['known', 'accept-new'], description: 'accept-new: pin a key at first use' },
  retries: { type: 'integer', minimum: 0, maximum: 10, description: 'after a connection that failed in passing' },
  identityFiles: { type: 'array', items: { type: 'string' }, minItems: 1 },
  knownHosts: { type: 'array', items: { type: 'string' }, minItems: 1 },
  sshConfig: { type: 'string' },
  password: { type: 'string', pattern: '^(env|file):.+', description: 'by reference only: env:NAME or file:PATH' },
  passphrase: { type: 'string', pattern: '^(env|file):.+', description: 'by reference only: env:NAME or file:PATH' },
  ssm: {
    type: 'object',
    additionalProperties: false,
    description: 'for ssm:// instances',
    properties: {
      document: { type: 'string', pattern: '^[A-Za-z0-9_.:/-]{3,128}$', description: 'instead of AWS-RunShellScript' },
      hold: { type: 'boolean', description: "false: hold no long answer in the instance's memory (/dev/shm)" },
    },
  },
  launchKeys: {
    type: 'array',
    items: { type: 'string', pattern: 'AAAA[A-Za-z0-9+/]+' },
    description:
      'public keys (OpenSSH lines) that the platform gives instances at launch; cloud-init records them by itself',
  },
  labels: { type: 'object', additionalProperties: { type: 'string' } },
} as const;

const host = {
  anyOf: [
    { type: 'string', minLength: 1, description: 'address, alias of the OpenSSH configuration, or instance URI' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['address'],
      properties: { address: { type: 'string', minLength: 1 }, name: { type: 'string', minLength: 1 }, ...reach },
    },
  ],
} as const;

const hosts = { type: 'array', items: host } as const;

const group = {
  type: 'object',
  additionalProperties: false,
  required: ['hosts'],
  properties: { hosts, ...reach },
} as const;

export const fleetSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:snowfence:schema:fleet:v1',
  title: 'snowfence fleet file',
  type: 'object',
  additionalProperties: false,
  properties: {
    schema: { const: 'snowfence.fleet/v1' },
    defaults: { type: 'object', additionalProperties: false, properties: reach },
    groups: { type: 'object', additionalProperties: group },
    hosts,
    replace: replaceSchema,
    notify: notifySchema,
    schedules: schedulesSchema,
  },
} as const;

const defaults = { type: 'object', additionalProperties: false, properties: reach } as const;
export type FleetDefaults = FromSchema<typeof defaults>;
export type FleetHost = string | (FleetDefaults & { address: string; name?: string });
export interface FleetFile {
  schema?: 'snowfence.fleet/v1';
  defaults?: FleetDefaults;
  groups?: Record<string, FleetDefaults & { hosts: FleetHost[] }>;
  hosts?: FleetHost[];
  replace?: ReplaceConfig;
  notify?: NotifyConfig;
  schedules?: Record<string, JobConfig>;
}
