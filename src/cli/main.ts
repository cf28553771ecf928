import { Command, CommanderError } from 'commander';
import { version } from '../app/places.ts';
import { printable } from '../core/bytes.ts';
import { UserError } from '../core/errors.ts';
import { type ExitCode, exit, worstExit } from '../core/exit.ts';
import { commands } from './commands/registry.ts';
import type { Context } from './context.ts';

const about = `Reads running servers without an agent, compares each with the manifest of the image it was launched
from, and says which are snowflakes, why, and what to do: keep, replace, rebake or investigate.`;

const after = `
Examples:
  snowfence init
  snowfence manifest create rootfs:/srv/images/web --image web:42 -o web-42.manifest
  snowfence scan ssh://root@web-1 ssh://root@web-2 --manifest web-42.manifest
  snowfence scan --inventory fleet.yaml --format json --output report.json --fail-on high
  snowfence history diff last~1 last

Exit codes: 0 all read, nothing found · 1 findings · 2 usage or configuration · 3 something could not be read ·
            4 a replacement was refused or failed · 70 bug · 130/143 interrupted`;

/** The whole command line. Gives the exit code; never throws. */
export async function main(argv: string[]): Promise<number> {
  const stop = new AbortController();
  const context: Context = {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: stop.signal,
    run: main,
    code: exit.clean,
  };
  let signalled: ExitCode | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    // The second time a person means it.
    if (signalled !== undefined) process.exit(signalled);
    signalled = name === 'SIGTERM' ? exit.terminated : exit.interrupted;
    stop.abort(name);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  // A reader that closed the pipe (| head) has seen enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Results in files and messages to others are owed all the same.
    if (error.code === 'EPIPE' && context.finishing) return;
    process.exit(error.code === 'EPIPE' ? context.code : exit.bug);
  });
  try {
    const program = await programOf(context, argv[0]);
    await program.parseAsync(argv, { from: 'user' });
    const interrupted = signalled === undefined || context.endsBySignal ? [] : [signalled];
    return worstExit([context.code as ExitCode, ...interrupted]);
  } catch (error) {
    return worstExit([report(error), ...(signalled === undefined ? [] : [signalled])]);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/**
 * The tree of commands; where `wanted` is one of them, that one alone: what all of them need takes longer to load than a
 * connection to make, and only help and completion look at their neighbours.
 */
export async function programOf(context: Context, wanted?: string): Promise<Command> {
  const program = new Command('snowfence').description(about).version(version()).addHelpText('after', after);
  program.showSuggestionAfterError().exitOverride().configureHelp({ sortSubcommands: false, helpWidth: 110 });
  const names =
    wanted !== undefined && Object.hasOwn(commands, wanted) && wanted !== 'completion'
      ? [wanted]
      : Object.keys(commands);
  const adding = await Promise.all(names.map((name) => commands[name]?.()));
  for (const add of adding) add?.(program, context);
  for (const command of program.commands) inherit(command);
  return program;
}

function inherit(command: Command): void {
  command.exitOverride().showSuggestionAfterError();
  for (const child of command.commands) inherit(child);
}

function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) {
    // commander has said it; help and version are no mistakes.
    return error.exitCode === 0 ? exit.clean : exit.usage;
  }
  if (error instanceof UserError) {
    const lines = error.message.split('\n').map(printable).join('\n');
    process.stderr.write(`snowfence: ${lines}\n${error.hint ? `  ${printable(error.hint)}\n` : ''}`);
    return exit.usage;
  }
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`snowfence: this is a bug, please report it:\n${printable(shown).replaceAll('\\x0a', '\n')}\n`);
  return exit.bug;
}
