const clock = { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' } as const;

/** A window of time that comes again, on the clock of a time zone. */
export const windowSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['from', 'to', 'zone'],
  properties: {
    days: {
      type: 'array',
      items: { enum: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] },
      minItems: 1,
      description: 'days on which it opens; every day when left out',
    },
    from: clock,
    to: clock,
    zone: { type: 'string', minLength: 1, description: 'IANA time zone, e.g. Europe/Berlin or UTC' },
  },
} as const;
