import { confidences, findingKinds, severities, verdicts } from '../core/finding.ts';

export const text = { type: 'string' } as const;
export const count = { type: 'integer', minimum: 0 } as const;
const attributes = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean', 'array'], items: text },
} as const;
export const verdict = { enum: verdicts } as const;
const kind = { enum: findingKinds } as const;
export const counts = (names: readonly string[]) => ({
  type: 'object',
  required: names,
  properties: Object.fromEntries(names.map((n) => [n, count])),
});

/** One finding of an instance. */
export const finding = {
  type: 'object',
  required: ['id', 'kind', 'change', 'subject', 'severity', 'disposition', 'rule', 'reason', 'explains', 'controls'],
  properties: {
    id: { ...text, description: 'stable over scans' },
    kind,
    change: { enum: ['added', 'removed', 'changed', 'violates'] },
    subject: { ...text, description: 'printable' },
    subjectBase64: { ...text, description: 'raw bytes of the subject when the printable form loses something' },
    severity: { enum: severities },
    disposition: { enum: ['drift', 'violation', 'expected', 'waived'] },
    rule: text,
    reason: text,
    before: attributes,
    after: attributes,
    diff: { ...text, description: 'unified diff' },
    ownedBy: { ...text, description: 'package' },
    explains: { ...count, description: 'differences that it stands for beyond itself' },
    tamper: { type: 'boolean' },
    imageFault: { type: 'boolean', description: 'a new instance of the image would have the same' },
    prevalence: { type: 'object', required: ['seen', 'of'], properties: { seen: count, of: count } },
    firstSeenAt: { type: 'string', format: 'date-time' },
    controls: { type: 'array', items: text },
    considered: {
      type: 'array',
      items: { type: 'object', required: ['rule', 'why'], properties: { rule: text, why: text } },
    },
    agent: { ...text, description: "what updates packages by itself and did this, by the instance's own logs" },
    attack: {
      type: 'object',
      description: 'technique of MITRE ATT&CK that leaves such a trace, where one clearly fits',
      required: ['id', 'name', 'tactic'],
      properties: { id: { ...text, pattern: '^T[0-9]{4}([.][0-9]{3})?$' }, name: text, tactic: text },
    },
    attribution: {
      type: 'array',
      description: "who did it, by the instance's own logs, which its root can forge",
      maxItems: 3,
      items: {
        type: 'object',
        required: ['source'],
        properties: { by: text, at: { type: 'string', format: 'date-time' }, command: text, source: text },
      },
    },
  },
} as const;

/** Of an instance or an image. */
export const recommendation = {
  type: 'object',
  required: ['action', 'reason'],
  properties: {
    action: { enum: ['keep', 'replace', 'rebake', 'investigate'] },
    reason: text,
    confidence: { enum: confidences },
  },
} as const;

/** What the instances of one image have in common. */
export const image = {
  type: 'object',
  required: ['image', 'instances', 'consensus', 'clusters', 'snowflakes'],
  properties: {
    image: text,
    instances: count,
    consensus: {
      type: 'array',
      items: {
        type: 'object',
        required: ['kind', 'change', 'subject', 'seen', 'of'],
        properties: { kind, change: text, subject: text, seen: count, of: count },
      },
    },
    clusters: {
      type: 'array',
      items: {
        type: 'object',
        required: ['findings', 'instances'],
        properties: { findings: count, instances: { type: 'array', items: text } },
      },
    },
    snowflakes: { type: 'array', items: text },
    outliers: {
      type: 'array',
      items: {
        type: 'object',
        required: ['instance', 'own', 'missing', 'distance'],
        properties: {
          instance: text,
          own: count,
          missing: count,
          distance: { type: 'number', minimum: 0, maximum: 1 },
        },
      },
    },
    skew: {
      type: 'array',
      items: {
        type: 'object',
        required: ['package', 'versions'],
        properties: {
          package: text,
          versions: {
            type: 'array',
            items: {
              type: 'object',
              required: ['version', 'instances'],
              properties: { version: text, instances: count, since: { type: 'string', format: 'date-time' } },
            },
          },
        },
      },
    },
    recommendation,
  },
} as const;
