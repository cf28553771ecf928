import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** A line of the daemon's log. */
export interface LogLine {
  time: string;
  level: string;
  msg: string;
  job?: string;
  slot?: string;
  scan?: string;
  exit?: number;
  listen?: string;
  [field: string]: unknown;
}

/** A daemon as a process of its own, whose log is read as it is written. */
export class Served implements AsyncDisposable {
  readonly log: LogLine[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #exit: Promise<number | null>;
  #said: string[] = [];
  #heard: () => void = () => {};

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, args, { stdio: 'pipe', env: { ...process.env, ...env } });
    const hear = (from: Readable, line: (text: string) => void) => {
      let held = '';
      from.setEncoding('utf8').on('data', (text: string) => {
        const lines = (held + text).split('\n');
        held = lines.pop() ?? '';
        for (const one of lines) line(one);
        this.#heard();
      });
    };
    // Every line is JSON: one that is not fails the test.
    hear(this.#child.stderr, (line) => this.log.push(JSON.parse(line) as LogLine));
    hear(this.#child.stdout, (line) => this.#said.push(line));
    this.#exit = once(this.#child, 'close').then(([code]) => {
      this.#heard();
      return code as number | null;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first line of the log that is so; waits for it. */
  async saw(is: (line: LogLine) => boolean): Promise<LogLine> {
    for (;;) {
      const found = this.log.find(is);
      if (found) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`the daemon ended: ${JSON.stringify(this.log.slice(-5))}`);
      await this.#next();
    }
  }

  /** Tells it something on standard input, and waits for its answer. */
  async tell(line: string): Promise<string | undefined> {
    this.#said = this.#said.filter((one) => !one.startsWith('{"at"'));
    this.#child.stdin.write(`${line}\n`);
    while (
      !this.#said.some((one) => one.startsWith('{"at"')) &&
      this.#child.exitCode === null &&
      this.#child.signalCode === null
    )
      await this.#next();
    return this.#said.at(-1);
  }

  /** The port of a child that says it on standard output. */
  async port(): Promise<number> {
    while (this.#said.length === 0) await this.#next();
    return (JSON.parse(this.#said[0] ?? '') as { port: number }).port;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  ended(): Promise<number | null> {
    return this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = resolve;
    });
  }
}
