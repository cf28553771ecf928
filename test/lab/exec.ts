import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

/** What a finished command left behind. A command killed by a signal has code 128 + the signal's number, as in a shell. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  /** The same standard output, undecoded: file names are bytes. */
  readonly bytes: Buffer;
}

export interface CommandOptions {
  /** Sent on standard input, which is empty otherwise. */
  readonly input?: string | Uint8Array;
  /** Milliseconds after which the command is killed; none by default. */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs a command to its end, whatever its exit code. Throws only when it cannot be started. */
export function run(file: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: 'pipe',
      ...(options.env && { env: { ...options.env } }),
      ...(options.cwd && { cwd: options.cwd }),
      ...(options.timeout && { timeout: options.timeout, killSignal: 'SIGKILL' }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    // A command that does not read its input is no failure of ours.
    child.stdin.on('error', () => {});
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const bytes = Buffer.concat(out);
      resolve({
        stdout: bytes.toString(),
        stderr: Buffer.concat(err).toString(),
        code: code ?? signalCode(signal),
        bytes,
      });
    });
    child.stdin.end(options.input ?? '');
  });
}

/** Runs a command that must succeed; the error carries the command, its code and what it said. */
export async function must(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await run(file, args, options);
  if (result.code === 0) return result.stdout;
  const said = (result.stderr || result.stdout).trim().slice(-2000);
  throw new Error(`lab: ${file} ${args.join(' ')} ended with ${result.code}: ${said}`);
}

/** Runs the jobs with at most `width` at once and gives their results in order. Waits for all before it throws the first failure. */
export async function pooled<T, R>(items: readonly T[], width: number, job: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await job(items[index] as T);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Resolves when the process has ended (at once when it has already). */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

function signalCode(signal: NodeJS.Signals | null): number {
  return 128 + (signal ? constants.signals[signal] : 0);
}
