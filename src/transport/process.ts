import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { messageOf, ReachError } from '../core/errors.ts';
import type { Answer, Limits, Session } from '../core/ports.ts';
import { collectAnswer } from './answer.ts';
import { bytesOf, feed } from './feed.ts';
import { explainSudo, type Sudo, shellWords, throughSudo } from './sudo.ts';

/** Between SIGTERM and SIGKILL, and again between SIGKILL and giving up on pipes that somebody else holds. Milliseconds. */
const graceMs = 500;

/**
 * A session whose programs run as children of this process, in a process group of their own so that a limit ends all of
 * it; by sudo where that is wanted. @throws ReachError `interrupted` when the signal is aborted already.
 */
export function processSession(wanted: Sudo | false | undefined, limits: Limits, signal: AbortSignal): Session {
  if (signal.aborted) throw new ReachError('interrupted', 'interrupted before it was read');
  const deadline = performance.now() + limits.totalMs;
  const sudo = wanted || undefined;
  const running = new Set<ChildProcessWithoutNullStreams>();
  return {
    async run(program, scope, onBytes, input) {
      const [command = '', ...args] = shellWords(scope, sudo, Buffer.byteLength(program));
      const child = { command, args, program, sudo, limits, deadline, signal, onBytes, input, running };
      const answer = await runChild(child);
      return explainSudo(answer, sudo, 'this machine');
    },
    arrival: { road: ['this machine'], hostKey: '', login: '', client: '' },
    async close() {
      for (const child of running) killGroup(child, 'SIGKILL');
    },
  };
}

/** One child and what it keeps to. */
export interface Run {
  command: string;
  args: string[];
  program: string;
  sudo: Sudo | undefined;
  limits: Limits;
  deadline: number;
  signal: AbortSignal;
  onBytes: Parameters<Session['run']>[2];
  input: Parameters<Session['run']>[3];
  running: Set<ChildProcessWithoutNullStreams>;
}

/** Runs a child with the program on its standard input, within limits. Never rejects. */
export function runChild({
  command,
  args,
  program,
  sudo,
  limits,
  deadline,
  signal,
  onBytes,
  input,
  running,
}: Run): Promise<Answer> {
  const child = spawn(command, args, { cwd: '/', detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  running.add(child);
  const timers: NodeJS.Timeout[] = [];
  const collector = collectAnswer({ limits, deadline, signal, onBytes, stop });

  function stop(): void {
    killGroup(child, 'SIGTERM');
    timers.push(
      setTimeout(() => {
        killGroup(child, 'SIGKILL');
        timers.push(setTimeout(letGo, graceMs));
      }, graceMs),
    );
  }
  // A grandchild in another group, or one that sudo owns, can hold the pipes for ever: nobody waits for it.
  function letGo(): void {
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
    done('cut', null);
  }
  function done(ended: 'exit' | 'cut', code: number | null): void {
    for (const timer of timers) clearTimeout(timer);
    door.flush();
    running.delete(child);
    collector.finish(ended, code);
  }

  // The program may end before it has read all of itself; the exit status tells that story better than EPIPE.
  child.stdin.on('error', () => {});
  let heard: (chunk: Buffer) => void = () => {};
  const door = throughSudo(sudo, child.stdin, collector, () => {
    heard = feed(child.stdin, bytesOf(program), input);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    heard(chunk);
    collector.stdout(chunk);
  });
  child.stderr.on('data', door.stderr);
  // 127 is what a shell answers for a program that is not there, so that both kinds of session say the same.
  child.on('error', (error) => {
    if (child.pid !== undefined) return;
    collector.stderr(Buffer.from(`${command}: ${messageOf(error)}\n`));
    done('exit', 127);
  });
  child.on('close', (code) => (code === null ? done('cut', null) : done('exit', code)));
  return collector.answer;
}

/** Signals the whole process group of a child that was started `detached`. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone, or all of it belongs to another user.
  }
}
