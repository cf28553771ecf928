import { ReachError } from '../../core/errors.ts';
import type { ProgramArguments } from '../../core/ports.ts';

// Inside single quotes, sh, csh (! is history), fish and rc (\ and ' are special) agree on these characters and no others.
const quotable = /^\/[^\P{ASCII}\p{Cc}'"\\`!]*$/u;

/**
 * The command line for the login shell of an instance: it becomes `/bin/sh`, which reads the program from standard input
 * with `root mode since` as its positional parameters. @throws ReachError `unsupported` for a root it cannot quote safely.
 */
export function remoteCommand({ root, mode, since }: ProgramArguments, sudo: boolean): string {
  if (!quotable.test(root)) {
    const printed = JSON.stringify(root);
    const why = 'it must be an absolute path in printable ASCII without quotes, backslash, backtick or "!"';
    throw new ReachError('unsupported', `cannot pass the directory ${printed} to a login shell: ${why}`);
  }
  if (!Number.isSafeInteger(since) || since < 0) throw new RangeError(`since is no time: ${since}`);
  return `exec ${sudo ? 'sudo -n ' : ''}/bin/sh -s -- '${root}' ${mode} ${since}`;
}
