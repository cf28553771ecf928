import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import { ReachError } from '../core/errors.ts';
import type { GapReason } from '../core/facts.ts';
import type { Answer, ProgramArguments, Reach } from '../core/ports.ts';
import type { Collector } from './answer.ts';
import { readSecret } from './secret.ts';
import { saying } from './text.ts';

/** How a program becomes root's. */
export interface Sudo {
  /** A helper on the instance that reads the program, in place of `/bin/sh -s`. */
  command?: string;
  password?: string;
  /** What sudo asks with, and what the shell behind it says once it is there. Nobody else can know them. */
  prompt: string;
  ready: string;
}

/** What `reach` says of sudo; undefined = without. @throws ReachError for a reference that leads nowhere. */
export async function sudoOf({ sudo, sudoPassword, sudoCommand }: Reach): Promise<Sudo | undefined> {
  if (!sudo && sudoPassword === undefined && sudoCommand === undefined) return undefined;
  if (sudoPassword !== undefined && sudoCommand !== undefined) {
    throw new ReachError(
      'unsupported',
      'sudoCommand and sudoPassword are both given',
      'the helper of "snowfence doctor --sudoers" has a NOPASSWD rule: leave the password out',
    );
  }
  const token = randomBytes(12).toString('hex');
  return {
    ...(sudoCommand === undefined ? {} : { command: sudoCommand }),
    ...(sudoPassword === undefined ? {} : { password: await readSecret(sudoPassword, 'sudo password') }),
    prompt: `snowfence-asks-${token}`,
    ready: `snowfence-runs-${token}`,
  };
}

/**
 * The command and its arguments: a shell (or the helper) that reads the program from standard input. With a password,
 * sudo forgets what it remembers (`-k`), so that it asks for certain, and the shell announces itself: only then is it
 * told the program, which else sudo would take for more passwords, or the shell the password for a command.
 */
export function shellWords(
  { root, mode, since }: ProgramArguments,
  sudo: Sudo | undefined,
  programBytes: number,
): string[] {
  const args = [root, mode, String(since)];
  if (!sudo) return ['/bin/sh', '-s', '--', ...args];
  // English messages, because they are read below.
  const base = ['env', 'LC_ALL=C', 'sudo'];
  // The helper reads the program to its end before it runs any of it, and must leave what comes behind it.
  if (sudo.command !== undefined) return [...base, '-n', sudo.command, ...args, String(programBytes)];
  if (sudo.password === undefined) return [...base, '-n', '/bin/sh', '-s', '--', ...args];
  const announce = `printf ${sudo.ready} >&2; set -f; IFS=; exec /bin/sh -s -- $1 $2 $3`;
  return [...base, '-k', '-S', '-p', sudo.prompt, '/bin/sh', '-c', announce, 'snowfence', ...args];
}

/** Where a program's standard error goes, and its last bytes at the end. */
export interface Doorway {
  stderr(chunk: Buffer): void;
  flush(): void;
}

/**
 * Calls `start`, which sends the program, as soon as somebody reads it: at once, or where sudo may want a password when
 * that was told, once, at its question, and the shell behind sudo has announced itself.
 */
export function throughSudo(sudo: Sudo | undefined, stdin: Writable, collector: Collector, start: () => void): Doorway {
  if (sudo?.password === undefined) {
    start();
    return { stderr: collector.stderr, flush() {} };
  }
  const { password, prompt, ready } = sudo;
  const longest = Math.max(prompt.length, ready.length) - 1;
  let held = Buffer.alloc(0);
  let asked = 0;
  let through = false;
  const pass = (bytes: number): void => {
    if (bytes <= 0) return;
    collector.stderr(held.subarray(0, bytes));
    held = held.subarray(bytes);
  };
  const stderr = (chunk: Buffer): void => {
    if (through) {
      collector.stderr(chunk);
      return;
    }
    held = Buffer.concat([held, chunk]);
    for (let at = held.indexOf(prompt); at >= 0; at = held.indexOf(prompt)) {
      pass(at);
      held = held.subarray(prompt.length);
      // A password that was wrong once is wrong twice, and accounts get locked for that.
      if (++asked === 1) stdin.write(`${password}\n`);
      else stdin.end();
    }
    const at = held.indexOf(ready);
    if (at < 0) {
      pass(held.length - longest);
      return;
    }
    through = true;
    pass(at);
    held = held.subarray(ready.length);
    pass(held.length);
    start();
  };
  return { stderr, flush: () => pass(held.length) };
}

const refusals: readonly (readonly [RegExp, GapReason, string])[] = [
  [
    /a (terminal|password) is required|must have a terminal|askpass/i,
    'auth',
    'it wants a password: give --sudo-password (sudoPassword in a fleet file) by reference, env:NAME or file:PATH, or a NOPASSWD rule: snowfence doctor --sudoers',
  ],
  [/must have a tty/, 'permission', 'it wants a terminal (requiretty): add "Defaults:USER !requiretty" to sudoers'],
  [
    /incorrect password|no password was provided|Sorry, try again/,
    'auth',
    'the sudo password is wrong (it was offered once)',
  ],
  [
    /is not in the sudoers file|may not run sudo/,
    'permission',
    'the account has no rule in sudoers: snowfence doctor --sudoers prints one',
  ],
  [
    /is not allowed to (execute|run)/,
    'permission',
    'no rule of this account allows it: snowfence doctor --sudoers prints one',
  ],
  [
    /snowfence-run: refused/,
    'permission',
    'the helper is pinned to another program: install the output of snowfence doctor --sudoers of this version',
  ],
  [/(password|account) (has |is )?expired|account validation failure/i, 'auth', 'the account has expired'],
  [
    /(sudo|env).*(not found|No such file|ENOENT)|can't execute 'sudo'/i,
    'tool-missing',
    'there is no sudo there: log in as root, or scan without sudo',
  ],
];

/** The same answer, with the reason where sudo (or the helper) did not run the program. `who` names the instance. */
export function explainSudo(answer: Answer, sudo: Sudo | undefined, who: string): Answer {
  if (!sudo || answer.ended !== 'exit' || answer.exitCode === 0) return answer;
  const stderr = sudo.password ? answer.stderr.replaceAll(sudo.password, '***') : answer.stderr;
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const found = refusals.find(([pattern]) => lines.some((line) => pattern.test(line)));
  if (!found) return { ...answer, stderr };
  const [pattern, reason, advice] = found;
  const said = lines.findLast((line) => pattern.test(line)) ?? '';
  const detail = `sudo on ${who} did not run the program: ${advice}; it said "${saying(said)}"`;
  return { ...answer, stderr, refused: { reason, detail } };
}
