/** Settings that both drivers of AWS have. */
export const awsSettings = {
  region: {
    type: 'string',
    pattern: '^[a-z]{2,4}(-[a-z]+)+-\\d{1,2}$',
    description: 'where neither the URI nor the label "region" says one; else what the AWS configuration says',
  },
  endpoint: { type: 'string', pattern: '^https?://', description: 'of both services, where it is not the public one' },
  address: {
    enum: ['private', 'public', 'same'],
    description: 'where a new instance is reached by ssh (default private; same: the old address moves with it)',
  },
  hostKeySeconds: {
    type: 'number',
    minimum: 0,
    maximum: 3600,
    description: 'age of a new ssh instance until which its host keys are awaited on its console (default 120)',
  },
} as const;

/** The same, typed. */
export interface AwsSettings {
  region?: string;
  endpoint?: string;
  address?: 'private' | 'public' | 'same';
  hostKeySeconds?: number;
}
