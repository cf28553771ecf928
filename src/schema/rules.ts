import type { FromSchema } from 'json-schema-to-ts';

export const strings = { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 } as const;
export const severity = { enum: ['info', 'low', 'medium', 'high', 'critical'] } as const;
export const changes = {
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
    owner: { type: 'string', pattern: '^([0-9]+|[a-z_][a-z0-9_-]*):([0-9]+|[a-z_][a-z0-9_-]*)$' },
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
    value: { type: 'string', description: 'what a file of configuration says (setting, service, job, key)' },
    residentMiB: { type: 'number', minimum: 0 },
    cpuSeconds: { type: 'number', minimum: 0 },
    openSockets: { type: 'integer', minimum: 0 },
    count: { type: 'integer', minimum: 0 },
    ageDays: { type: 'number', minimum: 0 },
    uptimeDays: { type: 'number', minimum: 0 },
  },
} as const;
const examples = {
  type: 'object',
  additionalProperties: false,
  properties: { hit: { type: 'array', items: example }, miss: { type: 'array', items: example } },
} as const;

export const common = {
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
  fact: { enum: ['file', 'package', 'account', 'process', 'socket', 'setting', 'service', 'job', 'key'] },
  paths: { ...strings, description: 'globs (file)' },
  names: {
    ...strings,
    description: 'globs (package: name; account: "user NAME" or "group NAME"; setting, service, job, key: the fact)',
  },
  users: { ...strings, description: 'names or numeric ids of the accounts that run it (process)' },
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
        owners: {
          type: 'array',
          items: { type: 'string', pattern: '^([0-9]+|[a-z_][a-z0-9_-]*):([0-9]+|[a-z_][a-z0-9_-]*)$' },
          minItems: 1,
          description: "user:group as numbers, or as names by the instance's own passwd and group",
        },
        maxSize: { type: 'integer', minimum: 0, description: 'bytes' },
        content: { type: 'string', description: 'regular expression that the whole content matches' },
        lines: { type: 'string', description: 'regular expression that each line added or removed matches' },
        link: { type: 'string', description: 'regular expression that the target of the link matches' },
        launchKeys: { const: true, description: 'holds no public key but those given at launch' },
        nameServers: {
          const: true,
          description: 'names no name servers but those that leases and metadata name, or that lead to the host itself',
        },
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

export const requireRule = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'kind', 'reason', 'fact', 'severity'],
  properties: {
    ...permission,
    fact: { enum: ['file', 'package', 'account', 'process', 'socket', 'setting', 'service', 'job', 'key'] },
    kind: { const: 'require' },
    severity,
    value: {
      type: 'string',
      description: 'regular expression that the whole value matches (setting, service, job, key)',
    },
    modes: {
      type: 'array',
      items: { type: 'string', pattern: '^[0-7]{3,4}$' },
      minItems: 1,
      description: 'no file may give more rights than one of these (file)',
    },
    owners: { type: 'array', items: { type: 'string', pattern: '^[0-9]+:[0-9]+$' }, minItems: 1 },
    whenAbsent: {
      enum: ['violates', 'holds'],
      description: 'whether an instance that has nothing of the kind breaks the rule (the default) or not',
    },
  },
} as const;

export const limitRule = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'kind', 'reason', 'fact', 'severity'],
  properties: {
    ...common,
    fact: { enum: ['process', 'instance'] },
    executables: selector.executables,
    users: selector.users,
    kind: { const: 'limit' },
    severity,
    residentMiB: { type: 'number', exclusiveMinimum: 0, description: 'resident memory of one process' },
    cpuSeconds: { type: 'number', exclusiveMinimum: 0, description: 'CPU time of one process since it started' },
    openSockets: { type: 'integer', minimum: 0, description: 'sockets that one process holds' },
    count: { type: 'integer', minimum: 0, description: 'processes of the same executable' },
    ageDays: { type: 'number', exclusiveMinimum: 0, description: 'days since the instance was launched (instance)' },
    uptimeDays: { type: 'number', exclusiveMinimum: 0, description: 'days since the instance was started (instance)' },
    supersededDays: {
      type: 'number',
      minimum: 0,
      description: 'days since a newer manifest of the same image name was added (instance)',
    },
  },
} as const;

export type ExpectRule = FromSchema<typeof expectRule>;
export type AllowRule = FromSchema<typeof allowRule>;
export type DenyRule = FromSchema<typeof denyRule>;
export type RequireRule = FromSchema<typeof requireRule>;
export type LimitRule = FromSchema<typeof limitRule>;
export type Rule = ExpectRule | AllowRule | DenyRule | RequireRule | LimitRule;
export type Example = FromSchema<typeof example>;
