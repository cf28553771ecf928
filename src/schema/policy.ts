import type { FromSchema } from 'json-schema-to-ts';

const strings = { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 } as const;
const severity = { enum: ['info', 'low', 'medium', 'high', 'critical'] } as const;
const changes = {
  type: 'array',
  items: { enum: ['added', 'removed', 'changed'] },
  minItems: 1,
  uniqueItems: true,
} as const;

/** What the rule's examples say of one fact; the tests run them, and `policy check` does. */
const example = {
  type: 'object',
  additionalProperties: false,
  properties: {
    path: { type: 'string' },
    change: { enum: ['added', 'removed', 'changed'] },
    type: { enum: ['f', 'd', 'l'] },
    mode: { type: 'string', pattern: '^[0-7]{3,4}$' },
    owner: { type: 'string', pattern: '^[0-9]+:[0-9]+$' },
    size: { type: 'integer', minimum: 0 },
    link: { type: 'string' },
    before: { type: 'string', description: 'content in the image' },
    after: { type: 'string', description: 'content on the instance' },
    name: { type: 'string', description: 'account, group or package' },
    executable: { type: 'string' },
    protocol: { type: 'string' },
    address: { type: 'string' },
    port: { type: 'integer' },
    password: { enum: ['none', 'locked', 'set'] },
  },
} as const;
const examples = {
  type: 'object',
  additionalProperties: false,
  properties: { hit: { type: 'array', items: example }, miss: { type: 'array', items: example } },
} as const;

const common = {
  id: {
    type: 'string',
    pattern: '^[a-z0-9][a-z0-9./-]*$',
    description: 'unique, stands in every finding that the rule decides',
  },
  reason: { type: 'string', minLength: 10, description: 'one sentence for a person: why the rule is right' },
  os: { ...strings, description: 'only where os-release ID or ID_LIKE is one of these' },
  images: { ...strings, description: 'only for images whose ref matches one of these globs' },
  groups: { ...strings, description: 'only for instances of these inventory groups' },
  controls: { ...strings, description: 'controls that the rule evidences, e.g. "NIST 800-53 CM-3"' },
  examples,
} as const;

const selector = {
  fact: { enum: ['file', 'package', 'account', 'process', 'socket'] },
  paths: { ...strings, description: 'globs (file)' },
  names: { ...strings, description: 'globs (package: name; account: "user NAME" or "group NAME")' },
  executables: { ...strings, description: 'globs (process, socket)' },
  protocols: {
    type: 'array',
    items: { enum: ['tcp', 'tcp6', 'udp', 'udp6', 'sctp', 'raw', 'raw6', 'packet'] },
    minItems: 1,
  },
  addresses: { ...strings, description: 'globs (socket)' },
  ports: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 65535 }, minItems: 1 },
} as const;

export const expectRule = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'kind', 'reason', 'fact', 'changes'],
  properties: {
    ...common,
    ...selector,
    fact: { enum: ['file', 'account'] },
    kind: { const: 'expect' },
    changes,
    only: {
      type: 'object',
      additionalProperties: false,
      description: 'what the difference must look like; one that does not is a finding that says so',
      properties: {
        type: { enum: ['f', 'd', 'l'] },
        modes: { type: 'array', items: { type: 'string', pattern: '^[0-7]{3,4}$' }, minItems: 1 },
        owners: { type: 'array', items: { type: 'string', pattern: '^[0-9]+:[0-9]+$' }, minItems: 1 },
        maxSize: { type: 'integer', minimum: 0, description: 'bytes' },
        content: { type: 'string', description: 'regular expression that the whole content matches' },
        lines: { type: 'string', description: 'regular expression that each line added or removed matches' },
        link: { type: 'string', description: 'regular expression that the target of the link matches' },
        launchKeys: { const: true, description: 'holds no public key but those given at launch' },
        password: { enum: ['locked', 'none', 'set'], description: 'state of the password (account)' },
        attributes: {
          enum: ['content'],
          description: 'only the content may differ: mode, owner, type and capabilities are as in the image',
        },
      },
    },
    unique: { const: true, description: 'no two instances, and not the image, may hold the same value' },
    packages: { ...strings, description: 'globs; with "when": only when one of these packages changed' },
    when: { const: 'packages-changed', description: 'only when a package was added, removed or changed too' },
  },
} as const;

const permission = { ...common, ...selector } as const;

export const allowRule = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'kind', 'reason', 'fact'],
  properties: { ...permission, kind: { const: 'allow' } },
} as const;

export const denyRule = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'kind', 'reason', 'fact', 'severity'],
  properties: { ...permission, kind: { const: 'deny' }, severity },
} as const;

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
    rules: {
      type: 'array',
      items: {
        type: 'object',
        required: ['kind'],
        discriminator: { propertyName: 'kind' },
        oneOf: [expectRule, allowRule, denyRule],
      },
    },
    severities: { type: 'array', items: weight },
    waivers: { type: 'array', items: waiver },
  },
} as const;

export type ExpectRule = FromSchema<typeof expectRule>;
export type AllowRule = FromSchema<typeof allowRule>;
export type DenyRule = FromSchema<typeof denyRule>;
export type Rule = ExpectRule | AllowRule | DenyRule;
export type Weight = FromSchema<typeof weight>;
export type Waiver = FromSchema<typeof waiver>;
export type Example = FromSchema<typeof example>;
export interface Policy {
  schema: 'snowfence.policy/v1';
  name: string;
  description?: string;
  rules?: Rule[];
  severities?: Weight[];
  waivers?: Waiver[];
}
