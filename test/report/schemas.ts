import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Ajv, type SchemaObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

/** A published schema of fixtures/schemas. */
export function published(name: string): SchemaObject {
  const path = new URL(`../../fixtures/schemas/${name}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as SchemaObject;
}

/** Checks documents against a schema, which may refer to others by their ids. Gives what is wrong. */
export function checker(schema: SchemaObject, ...others: SchemaObject[]): (document: unknown) => string[] {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true, unicodeRegExp: false, logger: false });
  addFormats.default(ajv);
  for (const other of others) ajv.addSchema(other);
  const { $schema: _, id, ...rest } = schema;
  // Draft 4 says `id`; what else SARIF uses of it means the same in later drafts.
  const validate: ValidateFunction = ajv.compile(id === undefined ? schema : rest);
  return (document) =>
    validate(document)
      ? []
      : (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
}

const text = { type: 'string' };
const id = (...values: number[]) => ({ type: 'integer', enum: values });

/**
 * What OCSF 1.8.0 requires of a Compliance Finding, and the values of the enumerations that we write: events/base_event,
 * events/findings/{finding,compliance_finding}, objects/{metadata,product,finding_info,compliance,resource_details,analytic}
 * of github.com/ocsf/ocsf-schema (Apache-2.0), put into a JSON Schema by hand; there is no published one.
 */
export const ocsfSchema: SchemaObject = {
  type: 'object',
  required: [
    'activity_id',
    'category_uid',
    'class_uid',
    'finding_info',
    'compliance',
    'metadata',
    'severity_id',
    'time',
    'type_uid',
  ],
  additionalProperties: false,
  properties: {
    activity_id: id(1, 2, 3),
    activity_name: text,
    category_uid: { const: 2 },
    category_name: { const: 'Findings' },
    class_uid: { const: 2003 },
    class_name: { const: 'Compliance Finding' },
    type_uid: id(200301, 200302, 200303),
    type_name: text,
    time: { type: 'integer', minimum: 1 },
    severity_id: id(1, 2, 3, 4, 5),
    severity: { enum: ['Informational', 'Low', 'Medium', 'High', 'Critical'] },
    confidence_id: id(1, 2, 3),
    confidence: { enum: ['Low', 'Medium', 'High'] },
    status_id: id(1, 2, 3, 4, 5, 6),
    status: { enum: ['New', 'In Progress', 'Suppressed', 'Resolved', 'Archived', 'Deleted'] },
    message: text,
    unmapped: { type: 'object' },
    metadata: {
      type: 'object',
      required: ['product', 'version'],
      additionalProperties: false,
      properties: {
        version: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+$' },
        product: {
          type: 'object',
          additionalProperties: false,
          properties: { name: text, vendor_name: text, version: text },
        },
        correlation_uid: text,
        log_name: text,
      },
    },
    finding_info: {
      type: 'object',
      required: ['uid'],
      additionalProperties: false,
      properties: {
        ...{ uid: text, title: text, desc: text, types: { type: 'array', items: text } },
        first_seen_time: { type: 'integer' },
        last_seen_time: { type: 'integer' },
        analytic: {
          type: 'object',
          required: ['type_id'],
          additionalProperties: false,
          properties: { uid: text, name: text, type_id: id(1), type: { const: 'Rule' } },
        },
        attacks: {
          type: 'array',
          items: {
            type: 'object',
            additionalProperties: false,
            properties: {
              technique: { type: 'object', additionalProperties: false, properties: { uid: text, name: text } },
              tactic: { type: 'object', additionalProperties: false, properties: { uid: text, name: text } },
            },
          },
        },
      },
    },
    compliance: {
      type: 'object',
      required: ['standards'],
      additionalProperties: false,
      properties: {
        standards: { type: 'array', items: text, minItems: 1 },
        requirements: { type: 'array', items: text },
        ...{ control: text, status_code: text, status_detail: text },
        status_id: id(1, 2, 3),
        status: { enum: ['Pass', 'Warning', 'Fail'] },
      },
    },
    remediation: { type: 'object', required: ['desc'], additionalProperties: false, properties: { desc: text } },
    resources: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {
          ...{ uid: text, name: text, type: text, version: text },
          group: { type: 'object', additionalProperties: false, properties: { name: text } },
          labels: { type: 'array', items: text },
        },
      },
    },
  },
};

/** Names of a caption by the number beside it: OCSF wants them to agree. */
export const ocsfSiblings: Record<string, string[]> = {
  severity: ['', 'Informational', 'Low', 'Medium', 'High', 'Critical'],
  status: ['', 'New', 'In Progress', 'Suppressed', 'Resolved', 'Archived', 'Deleted'],
  confidence: ['', 'Low', 'Medium', 'High'],
};
const keyword = { type: 'string', maxLength: 100_000 };
const keywords = { type: 'array', items: text };
const set = (properties: object, required: string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});

/**
 * The fields of ECS 8.17 that we write, with their types and the values allowed for the four categorisation fields
 * (github.com/elastic/ecs, Apache-2.0, generated/ecs), by hand; there is no published JSON Schema.
 */
export const ecsSchema: SchemaObject = set(
  {
    '@timestamp': { type: 'string', format: 'date-time' },
    ecs: set({ version: { const: '8.17.0' } }, ['version']),
    message: text,
    labels: { type: 'object', propertyNames: { pattern: '^[^.]*$' }, additionalProperties: keyword },
    event: set(
      {
        kind: { enum: ['alert', 'asset', 'enrichment', 'event', 'metric', 'state', 'pipeline_error', 'signal'] },
        category: {
          type: 'array',
          items: { enum: ['package', 'file', 'process', 'network', 'iam', 'configuration', 'driver', 'host'] },
        },
        type: {
          type: 'array',
          items: { enum: ['change', 'creation', 'deletion', 'end', 'info', 'installation', 'start'] },
        },
        outcome: { enum: ['success', 'failure', 'unknown'] },
        ...{ module: keyword, provider: keyword, dataset: keyword, action: keyword, id: keyword, reason: keyword },
        ...{
          severity: { type: 'integer' },
          duration: { type: 'integer', minimum: 0 },
          start: { type: 'string', format: 'date-time' },
        },
      },
      ['kind'],
    ),
    host: set({ name: keyword, id: keyword, os: set({ full: keyword }) }),
    observer: set({ type: keyword, product: keyword, version: keyword }),
    related: set({ hosts: keywords }),
    rule: set({ id: keyword, name: keyword, description: keyword, ruleset: keyword }),
    file: set({
      ...{ path: keyword, name: keyword, directory: keyword, mode: keyword, owner: keyword },
      hash: set({ sha256: keyword }),
    }),
    package: set({ name: keyword, version: keyword }),
    error: set({ type: keyword, message: text }),
    threat: set({
      framework: keyword,
      technique: set({ id: keywords, name: keywords }),
      tactic: set({ name: keywords }),
    }),
    // Names of our own stand below our own name, as ECS wants custom fields.
    snowfence: { type: 'object' },
  },
  ['@timestamp', 'ecs', 'message', 'event'],
);

/** Which types ECS allows with which category. */
export const ecsTypes: Record<string, string[]> = {
  package: ['access', 'change', 'deletion', 'info', 'installation', 'start'],
  file: ['access', 'change', 'creation', 'deletion', 'info'],
  process: ['access', 'change', 'end', 'info', 'start'],
  network: ['access', 'allowed', 'connection', 'denied', 'end', 'info', 'protocol', 'start'],
  iam: ['admin', 'change', 'creation', 'deletion', 'group', 'info', 'user'],
  configuration: ['access', 'change', 'creation', 'deletion', 'info'],
  driver: ['change', 'end', 'info', 'start'],
  host: ['access', 'change', 'end', 'info', 'start'],
};
