import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Document, parseDocument, stringify } from 'yaml';
import { messageOf, UserError } from '../core/errors.ts';

/**
 * Changes a YAML file and keeps what a person wrote into it, comments too. A file that does not exist begins as `initial`.
 * Written whole beside it and renamed: a crash leaves the old one. @throws UserError
 */
export function editDocument(path: string, initial: string, change: (document: Document) => void): void {
  let text: string;
  try {
    text = existsSync(path) ? readFileSync(path, 'utf8') : initial;
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, 'name a file that may be read', { cause: error });
  }
  const document = parseDocument(text);
  if (document.errors[0]) throw new UserError(`${path}: ${document.errors[0].message}`, 'mend the file first');
  change(document);
  const beside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(beside, document.toString({ lineWidth: 120 }), { flag: 'wx' });
    renameSync(beside, path);
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${messageOf(error)}`, 'name a file in a directory that may be written', {
      cause: error,
    });
  }
}

/** A value as YAML that a person can edit. */
export function toYaml(value: unknown): string {
  return stringify(value, { lineWidth: 120 });
}
