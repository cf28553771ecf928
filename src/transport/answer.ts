import { Buffer } from 'node:buffer';
import type { Answer, Limits } from '../core/ports.ts';

/** Most of standard error that is kept. Bytes. */
const stderrBytes = 8192;

/** Why the collector itself ended a program. */
export type Stopped = Exclude<Answer['ended'], 'exit' | 'cut'>;

/** What {@link collectAnswer} needs to know. */
export interface Collecting {
  limits: Limits;
  /** `performance.now()` at which the total limit runs out. */
  deadline: number;
  signal: AbortSignal;
  /** Called once when a limit or the signal ends the program: must make it end, and see to it that `finish` is called. */
  stop: (why: Stopped) => void;
  onBytes?: ((total: number) => void) | undefined;
}

/** Takes in the output of one running program. Nothing is kept past the limits. */
export interface Collector {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
  /** Nothing more will come. The first call counts; a limit struck earlier outranks `ended`. */
  finish(ended: 'exit' | 'cut', exitCode: number | null): void;
  /** Resolves at `finish`; never rejects. */
  readonly answer: Promise<Answer>;
}

/** Starts the clocks of one program and gathers its output: the one place where the limits of a session are kept. */
export function collectAnswer({ limits, deadline, signal, stop, onBytes }: Collecting): Collector {
  const chunks: Buffer[] = [];
  const errors: Buffer[] = [];
  let [total, errorTotal] = [0, 0];
  let stopped: Stopped | undefined;
  let finished = false;
  const { promise: answer, resolve } = Promise.withResolvers<Answer>();

  const idle = setTimeout(() => strike('idle'), limits.idleMs);
  const overall = setTimeout(() => strike('timeout'), Math.max(0, deadline - performance.now()));
  const interrupt = (): void => strike('interrupted');
  signal.addEventListener('abort', interrupt, { once: true });

  function release(): void {
    clearTimeout(idle);
    clearTimeout(overall);
    signal.removeEventListener('abort', interrupt);
  }
  function strike(why: Stopped): void {
    if (stopped || finished) return;
    stopped = why;
    release();
    stop(why);
  }
  const collector: Collector = {
    answer,
    stdout(chunk) {
      if (stopped || finished) return;
      idle.refresh();
      const room = limits.maxBytes - total;
      if (room > 0) chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      total += Math.min(chunk.length, room);
      onBytes?.(total);
      if (chunk.length > room) strike('limit');
    },
    stderr(chunk) {
      if (stopped || finished) return;
      idle.refresh();
      const room = stderrBytes - errorTotal;
      if (room > 0) errors.push(chunk.subarray(0, room));
      errorTotal += chunk.length;
      // Not kept, but receiving it costs as much as output does: a flood of messages has the same end.
      if (errorTotal > Math.max(limits.maxBytes, stderrBytes)) strike('limit');
    },
    finish(ended, exitCode) {
      if (finished) return;
      finished = true;
      release();
      const whole = stopped === undefined && ended === 'exit';
      resolve({
        stdout: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, total),
        stderr: Buffer.concat(errors).toString('utf8'),
        exitCode: whole ? exitCode : null,
        ended: stopped ?? ended,
      });
    },
  };
  // An abort that came before the listener was there makes no event.
  if (signal.aborted) queueMicrotask(interrupt);
  return collector;
}
