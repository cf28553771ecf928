import type { Writable } from 'node:stream';
import type { SessionInput } from '../core/ports.ts';

/** A program that does not start by then is given its end of input: it can do without. Milliseconds. */
const patienceMs = 20_000;

let last: { program: string; bytes: Buffer } | undefined;

/** A program as bytes, which all who are sent the same one share: two hundred at once would be twenty megabytes of it. */
export function bytesOf(program: string): Buffer {
  if (last?.program !== program) last = { program, bytes: Buffer.from(program) };
  return last.bytes;
}

/**
 * Writes a program to a shell's standard input and, once its first words came back, the input behind it; then ends it.
 * The shell may read ahead while it reads the program: what is sent too early would be lost. Give every chunk of
 * standard output to the function that it returns.
 */
export function feed(stdin: Writable, program: Buffer, input: SessionInput | undefined): (chunk: Buffer) => void {
  if (!input) {
    stdin.end(program);
    return () => {};
  }
  stdin.write(program);
  let waiting = true;
  const giveUp = setTimeout(() => {
    waiting = false;
    stdin.end();
  }, patienceMs);
  stdin.once('close', () => clearTimeout(giveUp));
  let tail = Buffer.alloc(0);
  return (chunk) => {
    if (!waiting) return;
    const seen = Buffer.concat([tail, chunk]);
    if (seen.includes(input.after, 0, 'latin1')) {
      waiting = false;
      clearTimeout(giveUp);
      stdin.end(input.bytes);
    }
    tail = seen.subarray(Math.max(0, seen.length - input.after.length));
  };
}
