import { ReachError } from '../../core/errors.ts';
import type { ProgramArguments } from '../../core/ports.ts';
import { type Sudo, shellWords } from '../sudo.ts';

// Inside single quotes, sh, csh (! is history), fish and rc (\ and ' are special) agree on these characters and no others.
const quotable = /^[^\P{ASCII}\p{Cc}'"\\`!]*$/u;
const bare = /^[A-Za-z0-9_./:=,+-]+$/;

/**
 * The command line for the login shell of an instance: it becomes `/bin/sh` (by sudo, where that is wanted), which reads
 * the program from standard input with `root mode since` as its positional parameters.
 * @throws ReachError `unsupported` for a root or a helper that it cannot quote safely.
 */
export function remoteCommand(args: ProgramArguments, sudo: Sudo | undefined, programBytes: number): string {
  const { root, since } = args;
  if (!(root.startsWith('/') && quotable.test(root))) {
    const printed = JSON.stringify(root);
    const why = 'it must be an absolute path in printable ASCII without quotes, backslash, backtick or "!"';
    throw new ReachError('unsupported', `cannot pass the directory ${printed} to a login shell: ${why}`);
  }
  if (!Number.isSafeInteger(since) || since < 0) throw new RangeError(`since is no time: ${since}`);
  const words = shellWords(args, sudo, programBytes).map((word) => {
    if (word !== root && bare.test(word)) return word;
    if (quotable.test(word)) return `'${word}'`;
    throw new ReachError('unsupported', `cannot pass ${JSON.stringify(word)} to a login shell`);
  });
  return `exec ${words.join(' ')}`;
}
