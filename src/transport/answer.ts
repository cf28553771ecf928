import type { Buffer } from 'node:buffer';
import type { Answer, Limits } from '../core/ports.ts';
import { Blocks } from './blocks.ts';

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
  /** The way there carries messages of its own without end. */
  flood(): void;
  /** Nothing more will come. The first call counts; a limit struck earlier outranks `ended`. */
  finish(ended: 'exit' | 'cut', exitCode: number | null): void;
  /** Resolves at `finish`; never rejects. */
  readonly answer: Promise<Answer>;
}

/** Starts the clocks of one program and gathers its output: the one place where the limits of a session are kept. */
export function collectAnswer({ limits, deadline, signal, stop, onBytes }: Collecting): Collector {
  const output = new Blocks();
  const errors = new Blocks();
  let [total, errorTotal] = [0, 0];
  let stopped: Stopped | undefined;
  let finished = false;
  const { promise: answer, resolve } = Promise.withResolvers<Answer>();

  if (limits.claim) limits.claim.onCut = letGo;
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
  /** Somebody else needs the memory: the beginning of the answer is all that is kept. */
  function letGo(keep: number): void {
    if (finished) return;
    output.keep(keep);
    strike('memory');
  }
  const collector: Collector = {
    answer,
    stdout(chunk) {
      if (stopped || finished) return;
      idle.refresh();
      const room = limits.maxBytes - total;
      const taken = Math.min(chunk.length, room);
      if (limits.claim?.take(taken) === false) return strike('memory');
      output.push(chunk.subarray(0, taken));
      total += taken;
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
    flood: () => strike('flood'),
    finish(ended, exitCode) {
      if (finished) return;
      finished = true;
      release();
      if (limits.claim) limits.claim.onCut = undefined;
      const whole = stopped === undefined && ended === 'exit';
      resolve({
        stdout: output.bytes(),
        stderr: errors.bytes().toString('utf8'),
        exitCode: whole ? exitCode : null,
        ended: stopped ?? ended,
      });
    },
  };
  // An abort that came before the listener was there makes no event.
  if (signal.aborted) queueMicrotask(interrupt);
  return collector;
}
