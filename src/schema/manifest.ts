import type { FromSchema } from 'json-schema-to-ts';

const hex64 = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const;
const digest = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' } as const;

/** The header: first line of the (gzip-compressed) manifest file; the sections follow it back to back. */
export const manifestSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:snowfence:schema:manifest:v1',
  title: 'snowfence manifest header',
  description:
    'A manifest file is gzip. Its first line is this JSON document; behind it stand the sections, in order, each of the given number of bytes: canonical streams of lines "key NUL value LF" sorted by key in byte order.',
  type: 'object',
  required: [
    'schema',
    'digest',
    'image',
    'createdAt',
    'source',
    'tool',
    'labels',
    'os',
    'excluded',
    'newestPackageAt',
    'gaps',
    'sections',
  ],
  properties: {
    schema: { const: 'snowfence.manifest/v1' },
    digest,
    image: {
      type: 'object',
      required: ['ref'],
      additionalProperties: false,
      properties: { ref: { type: 'string', minLength: 1 }, digest: { type: 'string' } },
    },
    createdAt: { type: 'string', format: 'date-time' },
    source: { type: 'string' },
    tool: {
      type: 'object',
      required: ['name', 'version'],
      additionalProperties: false,
      properties: { name: { type: 'string' }, version: { type: 'string' } },
    },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    os: {
      type: 'object',
      required: ['id', 'like', 'version', 'pretty', 'arch'],
      properties: {
        id: { type: 'string' },
        like: { type: 'array', items: { type: 'string' } },
        version: { type: 'string' },
        pretty: { type: 'string' },
        arch: { type: 'string' },
      },
    },
    excluded: { type: 'array', items: { type: 'string' } },
    newestPackageAt: {
      type: 'integer',
      minimum: 0,
      description: 'epoch seconds; what is newer on an instance was installed after the image was made',
    },
    gaps: {
      type: 'array',
      items: {
        type: 'object',
        required: ['probe', 'reason', 'detail'],
        properties: {
          probe: { type: 'string' },
          reason: { type: 'string' },
          detail: { type: 'string' },
          paths: { type: 'array', items: { type: 'string' } },
        },
      },
    },
    sections: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'bytes', 'sha256'],
        additionalProperties: false,
        properties: {
          name: { enum: ['files', 'packages', 'owned', 'accounts', 'sockets', 'contents', 'settings'] },
          bytes: { type: 'integer', minimum: 0 },
          sha256: hex64,
        },
      },
    },
  },
} as const;

export type ManifestHeader = FromSchema<typeof manifestSchema>;
