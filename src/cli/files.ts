import { readFileSync, writeFileSync } from 'node:fs';
import { messageOf, UserError } from '../core/errors.ts';

/** Text of a public key file. @throws UserError when it cannot be read, or holds something else. */
export function readKey(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UserError(
      `cannot read the launch key ${path}: ${messageOf(error)}`,
      'name a public key file (id_ed25519.pub)',
      { cause: error },
    );
  }
  if (!/AAAA[A-Za-z0-9+/]{20,}/.test(text) || text.includes('PRIVATE')) {
    throw new UserError(`${path} holds no OpenSSH public key`, 'name the .pub file');
  }
  return text;
}

/** Writes a result to a file. @throws UserError */
export function writeResult(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${messageOf(error)}`, 'name a file in a directory that exists', {
      cause: error,
    });
  }
}
