import type { Command } from 'commander';
import { defaultStore } from '../app/places.ts';
import { UserError } from '../core/errors.ts';
import type { Store } from '../core/ports.ts';
import { provide } from '../core/registry.ts';

/** What every command gets: where to write, and how it ends. */
export interface Context {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: NodeJS.ProcessEnv;
  /** Aborted by the first SIGINT or SIGTERM. */
  signal: AbortSignal;
  /** Runs another command line in this process; its exit code. */
  run(argv: string[]): Promise<number>;
  /** Set by a command; the process ends with it. */
  code: number;
  /** Set by a command that runs until it is told to stop: it was not interrupted then. */
  endsBySignal?: boolean;
  /** What has begun is done to its end, even when nobody reads standard output any more. */
  finishing?: boolean;
}

/** Adds a command's own options and action to the program. */
export type AddCommand = (program: Command, context: Context) => void;

/** Colours only on a terminal and only where nobody asked for none (no-color.org). */
export function wantsColor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** Opens the store. @throws UserError */
export async function openStore(path: string | undefined): Promise<Store> {
  const { stores } = await import('../store/registry.ts');
  return (await provide(stores, 'store', 'sqlite')).open(path ?? defaultStore());
}

/** Parses a number option. @throws UserError with what is allowed. */
export function numberOption(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max) {
      throw new UserError(`${name} is "${text}"`, `it must be a number from ${min} to ${max}`);
    }
    return value;
  };
}

/** Collects a repeatable option. */
export function collectOption(value: string, before: string[] = []): string[] {
  return [...before, value];
}
