import { type ChildProcess, spawn } from 'node:child_process';
import { display, escapeName } from '../core/bytes.ts';
import { messageOf } from '../core/errors.ts';
import { ReplaceError } from '../core/replacement.ts';

/** Most that is kept of what a program says, bytes. */
const usual = 64 * 1024;
/** What a program left running may hold our pipes for after its own end, milliseconds. */
const lingering = 1000;

/** What a program is started with. */
export interface Started {
  /** Program and arguments; no shell reads them. */
  argv: readonly string[];
  /** Written to its standard input as JSON; nothing when left out. */
  input?: unknown;
  timeoutMs: number;
  signal: AbortSignal;
  env: Readonly<Record<string, string | undefined>>;
  /** Bytes of its standard output that are kept. */
  most?: number;
  /** Milliseconds between a request to stop (SIGINT) and the kill; without it there is no request. */
  graceMs?: number;
  /** The error for what it wrote to its standard error, where one knows the program better. */
  explain?: (stderr: string) => { says: string; transient: boolean } | undefined;
}

/** What a program said on its standard output. */
export interface Said {
  text: string;
  /** There was more than what is kept. */
  cut: boolean;
}

/** Runs a program of the configuration; the beginning of its standard output. @throws ReplaceError, see `runWhole`. */
export async function runProgram(started: Started): Promise<string> {
  return (await runWhole(started)).text;
}

/**
 * Runs a program of the configuration. It is killed with all that it started when its time is over.
 * @throws ReplaceError when it cannot be started, ends with another exit code than 0 (75, EX_TEMPFAIL, is worth another try), or takes too long.
 */
export function runWhole(started: Started): Promise<Said> {
  const { argv, input, timeoutMs, signal, env, most = usual, graceMs = 0, explain } = started;
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new ReplaceError(`${program} was interrupted`));
      return;
    }
    let child: ChildProcess & { stdin: NonNullable<ChildProcess['stdin']> };
    try {
      child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    } catch (cause) {
      // An argument with a NUL byte, for one.
      reject(new ReplaceError(`${program} cannot be started: ${messageOf(cause)}`, { cause }));
      return;
    }
    const out = keep(child.stdout, most);
    const err = keep(child.stderr, usual);
    const stop = { over: '' as '' | 'time' | 'abort', killer: undefined as NodeJS.Timeout | undefined };
    const end = (why: 'time' | 'abort') => {
      if (stop.over !== '') return;
      stop.over = why;
      if (graceMs > 0) signalAll(child, 'SIGINT');
      stop.killer = setTimeout(() => {
        signalAll(child, 'SIGKILL');
        // Who left the group may hold our pipes for ever.
        setTimeout(letGo, lingering).unref();
      }, graceMs);
    };
    const letGo = () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const timer = setTimeout(() => end('time'), timeoutMs);
    const onAbort = () => end('abort');
    signal.addEventListener('abort', onAbort, { once: true });
    const ended = () => {
      clearTimeout(timer);
      clearTimeout(stop.killer);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (message: string, transient = false) => {
      const known = explain?.(err().text);
      const tail = known?.says ?? lastLine(err().text);
      const text = tail === '' ? '' : `: ${tail}`;
      reject(new ReplaceError(`${program} ${message}${text}`, { transient: transient || known?.transient === true }));
    };
    child.on('error', (error) => {
      ended();
      reject(new ReplaceError(`${program} cannot be started: ${error.message}`));
    });
    // Who reads no input may close it.
    child.stdin.on('error', () => {});
    child.stdin.end(input === undefined ? '' : `${JSON.stringify(input)}\n`);
    child.on('exit', () => setTimeout(letGo, lingering).unref());
    child.on('close', (code, killed) => {
      ended();
      // Whatever it left behind when it was stopped.
      if (stop.over !== '') signalAll(child, 'SIGKILL');
      if (stop.over === 'time') fail(`took more than ${timeoutMs / 1000} s and was ended`);
      else if (stop.over === 'abort') fail('was interrupted');
      else if (code !== 0) fail(code === null ? `was ended by ${killed}` : `ended with exit code ${code}`, code === 75);
      else resolve(out());
    });
  });
}

/** Collects the beginning of a stream. */
function keep(stream: NodeJS.ReadableStream | null, most: number): () => Said {
  const parts: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (size < most) parts.push(chunk.subarray(0, most - size));
    size += chunk.length;
  });
  return () => ({ text: Buffer.concat(parts).toString('utf8'), cut: size > most });
}

function lastLine(text: string): string {
  const last = text.trim().split('\n').at(-1) ?? '';
  return last === '' ? '' : display(escapeName(Buffer.from(last.slice(0, 500)).toString('latin1'))).text;
}

/** The program and all of its process group. */
function signalAll({ pid }: ChildProcess, name: 'SIGINT' | 'SIGKILL'): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
