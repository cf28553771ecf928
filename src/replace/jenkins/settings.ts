/** Settings of the driver. */
export interface JenkinsSettings {
  url: string;
  job: string;
  user: string;
  token: string;
  parameters?: Record<string, string>;
  lookBack?: number;
  insecure?: boolean;
  timeoutSeconds?: number;
}

export const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['url', 'job', 'user', 'token'],
  properties: {
    url: { type: 'string', pattern: '^https?://[^?#]+$', description: 'of Jenkins itself, with its path' },
    job: { type: 'string', pattern: '^[^/]+(/[^/]+)*$', description: 'name of the job, with its folders: a/b/job' },
    user: { type: 'string', pattern: '^[^:]+$', description: 'who the API token belongs to' },
    token: { type: 'string', pattern: '^(env|file):.+', description: 'API token of the user, by reference' },
    parameters: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'further parameters of the build',
    },
    lookBack: {
      ...{ type: 'integer', minimum: 1, maximum: 1000 },
      description: 'builds that are searched for one that was begun before (default 100)',
    },
    insecure: { type: 'boolean', description: 'allow http to other machines (default false)' },
    timeoutSeconds: {
      ...{ type: 'number', exclusiveMinimum: 0, maximum: 3600 },
      description: 'of one request with its answer (default 30)',
    },
  },
} as const;
