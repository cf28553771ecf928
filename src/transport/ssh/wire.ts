import { Duplex, type Readable, type Writable } from 'node:stream';

/**
 * A byte stream of two halves (a channel of a jump host, a child process) that ends as a socket does: `destroy` shuts
 * both halves at once, `close` comes when the other side is gone.
 */
export class Wire extends Duplex {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #shut: () => void;

  /** `shut` ends whatever is behind the halves; it may be called more than once. */
  constructor(input: Readable, output: Writable, shut: () => void) {
    super({ allowHalfOpen: false });
    this.#input = input;
    this.#output = output;
    this.#shut = shut;
    // Stays for good: an error after everybody has gone home must find somebody in.
    this.on('error', () => {});
    input.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) input.pause();
    });
    input.once('end', () => this.push(null));
    input.once('close', () => this.destroy());
    input.on('error', (error) => this.destroy(error));
    output.on('error', (error) => this.destroy(error));
  }

  override _read(): void {
    this.#input.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#output.writable) this.#output.write(chunk, (error) => done(error));
    else done(new Error('the other side is gone'));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#output.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#shut();
    done(error);
  }
}

/** Sends what is still to be sent, then shuts the stream, whatever the other side does. */
export function shutSoon(stream: Duplex): void {
  if (stream.destroyed) return;
  stream.end(() => stream.destroy());
}
