/** A setting that is a secret: only by reference. */
export const reference = (description: string) => ({
  type: 'string',
  pattern: '^(env|file):.+',
  description: `by reference (env:NAME or file:PATH): ${description}`,
});

/** Where something is posted to. */
export const url = (description: string) => ({ type: 'string', pattern: '^https?://', description });

export const insecure = { type: 'boolean', description: 'allow http to other machines (default false)' };

export const timeoutSeconds = {
  ...{ type: 'number', exclusiveMinimum: 0, maximum: 300 },
  description: 'of one delivery (default 10)',
};

/** The schema of the settings of a sink. */
export function settingsOf(required: string[], properties: Record<string, object>): object {
  return { type: 'object', additionalProperties: false, required, properties: { ...properties, timeoutSeconds } };
}
