import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { messageOf, UserError } from '../core/errors.ts';
import type { Validator } from '../schema/validate.ts';

/** Name of the schema of each kind of document; of all others the fleet file's. */
const schemas: Readonly<Record<string, string>> = { policy: 'policy', 'file of policy cases': 'policy-cases' };

/**
 * Reads a YAML (or JSON, which is YAML) document and checks it. All mistakes are said at once, each as
 * `file:line:column: what`. @throws UserError
 */
export function loadDocument<T>(path: string, what: string, validate: Validator): T {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(
      `cannot read the ${what} ${path}: ${messageOf(error)}`,
      'name a file that exists and may be read',
      { cause: error },
    );
  }
  return parseText<T>(text, path, what, validate);
}

/** What was read last. Who scans a fleet file asks for its hosts, its sinks and its jobs, one after the other. */
let last: { text: string; value: unknown } | undefined;

/** The same for a text that was already read. Nobody may change what it gives. */
export function parseText<T>(text: string, path: string, what: string, validate: Validator): T {
  if (last?.text === text && validate(last.value).length === 0) return last.value as T;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw new UserError(
      document.errors.map((e) => `${at(e.pos[0])}: ${e.message}`).join('\n'),
      `the ${what} must be valid YAML`,
    );
  }
  let value: unknown;
  try {
    // Aliases are bounded so that a small file cannot become a huge one.
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // An alias without its anchor, or too many of them: only now does the parser see it, and it does not say where.
    throw new UserError(`${path}: ${messageOf(error)}`, `the ${what} must be valid YAML`, { cause: error });
  }
  const mistakes = validate(value);
  if (mistakes.length === 0) {
    last = { text, value };
    return value as T;
  }
  const said = mistakes.map(({ pointer, message }) => {
    const keys = pointer
      .split('/')
      .slice(1)
      .map((k) => k.replaceAll('~1', '/').replaceAll('~0', '~'));
    return `${at(offsetOf(document, keys))}: ${keys.join('.') || 'the document'} ${message}`;
  });
  throw new UserError(
    [...new Set(said)].join('\n'),
    `this is a ${what}; "snowfence schema ${schemas[what] ?? 'config'}" prints its schema`,
  );
}

function offsetOf(document: ReturnType<typeof parseDocument>, keys: string[]): number {
  for (let n = keys.length; n > 0; n--) {
    const path = keys.slice(0, n).map((k) => (/^\d+$/.test(k) ? Number(k) : k));
    const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}
