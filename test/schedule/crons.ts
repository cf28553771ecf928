import fc from 'fast-check';

/** Cron expressions of all plain kinds. */
export const crons = fc
  .tuple(
    fc.constantFrom('*', '0', '30', '*/15', '5,50', '10-12'),
    fc.constantFrom('*', '2', '*/6', '1-3', '0,23'),
    fc.constantFrom('*', '*', '1', '13,28', 'L', '29-31'),
    fc.constantFrom('*', '*', '2', '3,10', '*/5', 'JAN-MAR'),
    fc.constantFrom('*', '*', '1-5', 'SUN', '5#2', '6#L'),
  )
  .map((fields) => fields.join(' '));
