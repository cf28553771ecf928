import type { CodeOptions, ErrorObject } from 'ajv';
import type { Ajv2020 } from 'ajv/dist/2020.js';
import { built } from './built.ts';

/** What is wrong with a document: a JSON pointer to the place, and a sentence. */
export interface Mistake {
  pointer: string;
  message: string;
}

/** Checks a document against one schema; no mistakes = valid. */
export type Validator = (document: unknown) => Mistake[];

/**
 * Compiles a schema, or takes what the build made of it under this name. ajv is loaded only where it must be: that and compiling cost
 * some 150 ms.
 */
export async function compileSchema(schema: { $id?: string }, name = schema.$id): Promise<Validator> {
  const ready = name === undefined ? undefined : built[name];
  // What is compiled here is run once or twice: tidying it up costs more than running it.
  const validate = ready ? (await ready()).default : (await makeAjv({ optimize: false })).compile(schema);
  return (document) =>
    validate(document) ? [] : (validate.errors ?? []).map(mistakeOf).filter((m) => m.message !== '');
}

/** What compiles our schemas; the build has it write its code down. */
export async function makeAjv(code: CodeOptions): Promise<Ajv2020> {
  const [{ Ajv2020 }, formats] = await Promise.all([import('ajv/dist/2020.js'), import('ajv-formats')]);
  const ajv = new Ajv2020({
    allErrors: true,
    discriminator: true,
    strict: true,
    // That our own schemas are schemas is proved by a test; here it would double the time.
    validateSchema: false,
    code,
    verbose: true,
    strictRequired: false,
    allowUnionTypes: true,
  });
  formats.default.default(ajv);
  return ajv;
}

function mistakeOf(error: ErrorObject): Mistake {
  const { params } = error;
  const allowed = 'allowedValues' in params ? `: ${(params['allowedValues'] as unknown[]).join(', ')}` : '';
  switch (error.keyword) {
    case 'additionalProperties':
      return {
        pointer: `${error.instancePath}/${params['additionalProperty']}`,
        message: `unknown key "${params['additionalProperty']}"${nearest(String(params['additionalProperty']), knownKeys(error))}`,
      };
    case 'discriminator':
      return {
        pointer: `${error.instancePath}/${params['tag']}`,
        message: 'must be one of expect, allow, deny, require, limit',
      };
    case 'const':
      return { pointer: error.instancePath, message: `must be ${JSON.stringify(params['allowedValue'])}` };
    // The branch that failed says what is wrong; that none of them fits says nothing more.
    case 'anyOf':
    case 'oneOf':
      return { pointer: error.instancePath, message: 'is neither a string nor an object of the known form' };
    default:
      return { pointer: error.instancePath, message: `${error.message ?? 'is not valid'}${allowed}` };
  }
}

function knownKeys(error: ErrorObject): string[] {
  const parent = error.parentSchema as { properties?: Record<string, unknown> } | undefined;
  return Object.keys(parent?.properties ?? {});
}

/** `; did you mean "x"?` when a known word is at most two edits away. */
export function nearest(word: string, known: string[]): string {
  const best = known.map((k) => ({ k, d: distance(word.toLowerCase(), k.toLowerCase()) })).sort((a, b) => a.d - b.d)[0];
  return best && best.d <= 2
    ? `; did you mean "${best.k}"?`
    : known.length > 0 && known.length <= 20
      ? `; known: ${known.join(', ')}`
      : '';
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
