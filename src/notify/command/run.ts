import { spawn } from 'node:child_process';
import { plain } from '../../core/address.ts';
import { messageOf } from '../../core/errors.ts';
import { DeliveryError } from '../../core/notify.ts';

/** Most that is kept of what it complains of, bytes. */
const most = 16_384;
/** What it left running may hold our pipe for after its own end, milliseconds. */
const lingering = 500;
/** No other attempt ends otherwise: sysexits.h EX_USAGE, EX_DATAERR, EX_CONFIG, and the shell's "cannot execute" and "not found". */
const final: readonly number[] = [64, 65, 78, 126, 127];

/** Runs a program in a process group of its own, which is killed as a whole when it is aborted. @throws DeliveryError unless it ends with 0. */
export function runProgram(
  argv: readonly string[],
  input: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const cannot = (cause: unknown) =>
      reject(new DeliveryError(`${program} cannot be started: ${messageOf(cause)}`, { cause }));
    let child: ReturnType<typeof start>;
    try {
      child = start(program, args, env);
    } catch (cause) {
      // An argument with a NUL byte, for one.
      cannot(cause);
      return;
    }
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < most) said += text.slice(0, most - said.length);
    });
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    };
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted) kill();
    child.on('error', cannot);
    // Who reads no input may close it.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('exit', () => setTimeout(() => child.stderr.destroy(), lingering).unref());
    child.on('close', (code, killed) => {
      signal.removeEventListener('abort', kill);
      if (code === 0) return resolve();
      const tail = plain(said.trim().split('\n').at(-1) ?? '', 300);
      const how = signal.aborted
        ? 'took too long and was ended'
        : code === null
          ? `was ended by ${killed}`
          : `ended with exit code ${code}`;
      const transient = signal.aborted || code === null || !final.includes(code);
      reject(new DeliveryError(`${program} ${how}${tail === '' ? '' : `: ${tail}`}`, { transient }));
    });
  });
}

/** What it prints is not wanted, and goes nowhere. */
const start = (program: string, args: string[], env: Readonly<Record<string, string | undefined>>) =>
  spawn(program, args, { env, stdio: ['pipe', 'ignore', 'pipe'], detached: true });
