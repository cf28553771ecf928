import type { ValidateFunction } from 'ajv';

/**
 * Validators that were compiled when the tool was built (bin/build.mjs), by the `$id` of their schema, or `sink KIND` and `driver NAME` for
 * settings; none where the sources run as they are.
 */
export const built: Readonly<Record<string, () => Promise<{ default: ValidateFunction }>>> = {};
