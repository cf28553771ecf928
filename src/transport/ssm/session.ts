import { setTimeout as sleep } from 'node:timers/promises';
import type { GetCommandInvocationCommandOutput as Invocation } from '@aws-sdk/client-ssm';
import { messageOf, ReachError } from '../../core/errors.ts';
import type { Answer, Limits, ProgramArguments, Session, SessionInput } from '../../core/ports.ts';
import { type Collector, collectAnswer } from '../answer.ts';
import { fits, lastWords, offsetsOf, readHeading, unpack } from './answer.ts';
import type { Road } from './road.ts';
import { chunkScript, removeScript, startScript, sweepScript } from './script.ts';
import { inWords } from './words.ts';

/** Shortest and longest time between two looks at a command. Milliseconds. */
const [shortestLookMs, longestLookMs] = [100, 2000];
/** Pieces of a long answer that are fetched at once. */
const atOnce = 4;
/** What is handed over at once. Bytes. */
const sliceBytes = 1024 * 1024;
/** How long saying goodbye (cancel, remove what is held) may take. Milliseconds. */
const goodbyeMs = 5000;

/** What a session keeps to. */
export interface SessionOptions {
  road: Road;
  node: string;
  document: string;
  hold: boolean;
  limits: Limits;
  /** `performance.now()` at which the total limit runs out. */
  deadline: number;
  signal: AbortSignal;
  leave(): void;
}

/** Runs programs by Run Command. What an instance has printed is seen only when its command has ended. */
export function ssmSession(options: SessionOptions): Session {
  let runs = 0;
  return {
    run: (program, args, onBytes, input) => new Run(options, ++runs, { program, args, input, onBytes }).answer(),
    close: async () => options.leave(),
  };
}

/** What is to be run. */
interface Task {
  program: string;
  args: ProgramArguments;
  input: SessionInput | undefined;
  onBytes: ((total: number) => void) | undefined;
}

/** One program on one node. */
class Run {
  readonly #options: SessionOptions;
  readonly #task: Task;
  readonly #nonce: string;
  readonly #stopped = new AbortController();
  readonly #collector: Collector;
  readonly #commands = new Set<string>();
  #held = false;

  constructor(options: SessionOptions, number: number, task: Task) {
    this.#options = options;
    this.#task = task;
    this.#nonce = `${options.road.nonce}${number.toString(16).padStart(8, '0')}`;
    const { limits, deadline, signal } = options;
    this.#collector = collectAnswer({
      // While a command runs nothing of it can be heard, so silence means nothing.
      limits: { ...limits, idleMs: limits.totalMs },
      ...{ deadline, signal, onBytes: task.onBytes },
      stop: () => {
        this.#stopped.abort();
        void this.#goodbye().finally(() => this.#collector.finish('cut', null));
      },
    });
  }

  /** @throws ReachError when the command could not be given to the instance, or its answer cannot be brought back. */
  async answer(): Promise<Answer> {
    const { road, node } = this.#options;
    let refused: ReachError | undefined;
    const work = this.#work().catch(async (error: unknown) => {
      if (this.#stopped.signal.aborted) return;
      refused = inWords(error, node, road.region);
      this.#collector.stderr(Buffer.from(messageOf(refused)));
      await this.#goodbye();
      this.#collector.finish('cut', null);
    });
    const answer = await this.#collector.answer;
    if (refused) throw refused;
    if (answer.ended === 'exit') await work;
    return answer;
  }

  async #work(): Promise<void> {
    const { limits, node, hold } = this.#options;
    const { maxBytes } = limits;
    const script = startScript({ ...this.#task, nonce: this.#nonce, hold, maxBytes });
    const first = await this.#command(script);
    const heading = readHeading(first.StandardOutputContent ?? '');
    if (!heading) {
      const status = `${first.StatusDetails ?? first.Status}, status ${first.ResponseCode}`;
      throw new ReachError(
        'garbled',
        `${node} did not run the script (${status})${lastWords(first.StandardErrorContent)}`,
      );
    }
    const { state, length } = heading;
    if (state.startsWith('lacks')) throw new ReachError('tool-missing', `${node} ${state}, which the way back needs`);
    this.#held = state === 'held';
    if (length > 2 * maxBytes + 4096)
      throw new ReachError('limit', `the answer of ${node} is larger than the byte limit`);
    if (state === 'unheld' || state === 'full') throw this.#tooLong(state);
    const base64 = await this.#fetch(heading.text, length);
    this.#collector.stderr(Buffer.from(first.StandardErrorContent ?? ''));
    const { stdout, status, flood } = unpack(base64, maxBytes);
    if (flood && stdout.length <= maxBytes) this.#strike(maxBytes);
    for (let at = 0; at < stdout.length; at += sliceBytes) this.#collector.stdout(stdout.subarray(at, at + sliceBytes));
    // A shell says 128 + N of what a signal ended.
    const exited = status !== undefined && status < 128 && base64.length === length;
    this.#collector.finish(exited ? 'exit' : 'cut', exited ? status : null);
  }

  /** Says to the collector what happened over there: more on standard error than is let through. */
  #strike(maxBytes: number): void {
    const piece = Buffer.alloc(65_536, ' ');
    for (let sent = 0; sent <= maxBytes; sent += piece.length) this.#collector.stderr(piece);
  }

  #tooLong(state: string): ReachError {
    const { node, hold } = this.#options;
    const why = hold
      ? `${node} could not hold the rest in memory (${state === 'full' ? '/dev/shm is full' : 'no tmpfs at /dev/shm'})`
      : 'holding the rest in its memory is off (reach.ssm.hold)';
    return new ReachError(
      'limit',
      `the answer does not fit into one command's output, and ${why}`,
      'reach it by ssh://, or allow it',
    );
  }

  /** The rest of a held answer, a few pieces at a time; then it is removed. What cannot be had leaves the answer cut. */
  async #fetch(beginning: string, length: number): Promise<string> {
    if (!fits(beginning, 0, length)) return '';
    const offsets = offsetsOf(length);
    const pieces = new Array<string>(offsets.length);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let i = next++; i < offsets.length; i = next++) {
        const offset = offsets[i] as number;
        const piece = (await this.#command(chunkScript(this.#nonce, offset))).StandardOutputContent ?? '';
        if (!fits(piece, offset, length))
          throw new ReachError('cut', `a piece of the answer of ${this.#options.node} is missing`);
        pieces[i] = piece;
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, offsets.length) }, worker));
    await this.#goodbye();
    return beginning + pieces.join('');
  }

  /** Sends a script and waits for its end. @throws ReachError when it did not come to run. */
  async #command(script: string): Promise<Invocation> {
    const { road, node, document, limits } = this.#options;
    const { signal } = this.#stopped;
    const sending = { document, script, deliveryMs: limits.connectMs, runMs: limits.totalMs };
    const command = await road.send(sending, node);
    this.#commands.add(command);
    if (signal.aborted) await road.cancel(command, node).catch(() => {});
    for (let waitMs = shortestLookMs; ; waitMs = Math.min(longestLookMs, waitMs * 1.5)) {
      await sleep(waitMs, undefined, { signal });
      const found = await road.invocation(command, node, signal);
      if (!found || /^(Pending|InProgress|Delayed|Cancelling)$/.test(found.Status ?? '')) continue;
      this.#commands.delete(command);
      if (found.Status === 'Success' || found.Status === 'Failed') {
        if (!/^(Undeliverable|Terminated|AccessDenied|InvalidPlatform)$/.test(found.StatusDetails ?? '')) return found;
      }
      throw undone(found, node);
    }
  }

  /** Ends what runs and removes what is held, with a time limit: our own side ends in any case. */
  async #goodbye(): Promise<void> {
    const { road, node, document, limits } = this.#options;
    const send = (script: string) => road.send({ document, script, deliveryMs: limits.connectMs, runMs: 60_000 }, node);
    const work: Promise<unknown>[] = [...this.#commands].map(async (command) => {
      await road.cancel(command, node);
      await send(sweepScript);
    });
    if (this.#held) work.push(send(removeScript(this.#nonce)));
    this.#held = false;
    const patience = new AbortController();
    await Promise.race([
      Promise.allSettled(work),
      sleep(goodbyeMs, undefined, { signal: patience.signal }).catch(() => {}),
    ]);
    patience.abort();
  }
}

/** A command that came to an end without having run to its own. */
function undone(found: Invocation, node: string): ReachError {
  const details = found.StatusDetails || found.Status || 'unknown';
  const said = lastWords(found.StandardErrorContent);
  if (/ExecutionTimedOut|Execution Timed Out/.test(details))
    return new ReachError('timeout', `the command on ${node} ran longer than its time limit${said}`);
  if (/Cancel/.test(details)) return new ReachError('cut', `somebody cancelled the command on ${node}`);
  if (/AccessDenied/.test(details)) return new ReachError('auth', `${node} may not be given this command${said}`);
  return new ReachError(
    'unreachable',
    `the command did not reach ${node} (${details})${said}`,
    'is the instance up, and its agent ("aws ssm describe-instance-information")?',
  );
}
