import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { messageOf, ReachError } from '../core/errors.ts';

/**
 * The secret that a reference stands for: `env:NAME` or `file:PATH`, one trailing newline taken off. `what` names its use
 * in messages (`password`). @throws ReachError `auth` for a reference that leads nowhere; it never holds the secret.
 */
export async function readSecret(reference: string, what: string): Promise<string> {
  const [, scheme, name = ''] = /^(env|file):(.+)$/su.exec(reference) ?? [];
  if (scheme === 'env') {
    const value = process.env[name];
    if (value) return withoutNewline(value);
    const state = value === undefined ? 'not set' : 'empty';
    throw new ReachError('auth', `the ${what} is in the environment variable ${name}, which is ${state}`);
  }
  if (scheme === 'file') {
    const path = name.replace(/^~(?=\/)/, homedir());
    const value = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new ReachError('auth', `cannot read the ${what} from ${path}: ${messageOf(cause)}`, '', { cause });
    });
    if (value.trim() !== '') return withoutNewline(value);
    throw new ReachError('auth', `the file with the ${what}, ${path}, is empty`);
  }
  // Most likely somebody wrote the secret itself: it is not repeated.
  throw new ReachError('auth', `the ${what} is not given by reference`, 'write "env:NAME" or "file:PATH"');
}

function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, '');
}
