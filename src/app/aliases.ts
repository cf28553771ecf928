import { UserError } from '../core/errors.ts';

/**
 * A host as it was written, or, where it is a pattern (`web-*`), the names of the OpenSSH configuration that it fits.
 * @throws UserError when it fits none.
 */
export async function hostsOf(word: string): Promise<string[]> {
  if (!/[*?]/.test(word) || word.includes(':')) return [word];
  const { aliasesMatching } = await import('../transport/ssh/aliases.ts');
  const names = await aliasesMatching(word);
  if (names.length > 0) return names;
  throw new UserError(
    `no "Host" of your OpenSSH configuration fits ${word}`,
    'name servers one by one, or add them to ~/.ssh/config',
  );
}
