import { spawn } from 'node:child_process';
import { display, escapeName } from '../core/bytes.ts';
import { ReplaceError } from '../core/replacement.ts';

/** Most that is kept of what a program says, bytes. */
const most = 64 * 1024;

/** What a program is started with. */
export interface Started {
  /** Program and arguments; no shell reads them. */
  argv: readonly string[];
  /** Written to its standard input as JSON. */
  input: unknown;
  timeoutMs: number;
  signal: AbortSignal;
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs a program of the configuration; its standard output. It is killed with all that it started when its time is over.
 * @throws ReplaceError when it cannot be started, ends with another exit code than 0 (75, EX_TEMPFAIL, is worth another try), or takes too long.
 */
export function runProgram({ argv: [program = '', ...args], input, timeoutMs, signal, env }: Started): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const said: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
    const sizes = { stdout: 0, stderr: 0 };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => {
        if (sizes[name] < most) said[name].push(chunk.subarray(0, most - sizes[name]));
        sizes[name] += chunk.length;
      });
    const text = (name: 'stdout' | 'stderr') => Buffer.concat(said[name]).toString('utf8');
    const fail = (message: string, transient = false) => {
      const last = text('stderr').trim().split('\n').at(-1) ?? '';
      const tail =
        last === '' ? '' : `: ${display(escapeName(Buffer.from(last.slice(0, 500)).toString('latin1'))).text}`;
      reject(new ReplaceError(`${program} ${message}${tail}`, { transient }));
    };
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    };
    let over: 'time' | 'abort' | undefined;
    const timer = setTimeout(() => {
      over = 'time';
      kill();
    }, timeoutMs);
    const onAbort = () => {
      over = 'abort';
      kill();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    child.on('error', (error) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      reject(new ReplaceError(`${program} cannot be started: ${error.message}`));
    });
    // Who reads no input may close it.
    child.stdin.on('error', () => {});
    child.stdin.end(`${JSON.stringify(input)}\n`);
    child.on('close', (code, killed) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (over === 'time') fail(`took more than ${timeoutMs / 1000} s and was ended`);
      else if (over === 'abort') fail('was interrupted');
      else if (code !== 0) fail(code === null ? `was ended by ${killed}` : `ended with exit code ${code}`, code === 75);
      else resolve(text('stdout'));
    });
  });
}
