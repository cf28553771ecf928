import type { GapReason } from '../core/facts.ts';

/** First record of every answer, with the protocol version; then the instance's clock in epoch seconds and the root it looked at. */
export const hello = 'SNOWFENCE/1 ';

/** What one probe printed. Bytes are kept; strings are latin1, one char a byte. */
export class Frame {
  readonly name: string;
  readonly bytes: Buffer;
  /** Its end mark was seen. */
  readonly whole: boolean;
  constructor(name: string, bytes: Buffer, whole = true) {
    this.whole = whole;
    this.name = name;
    this.bytes = bytes;
  }

  /** Are there more records or lines than `most`? Taking them apart would take a multiple of the bytes. */
  hasMoreThan(most: number): boolean {
    let pieces = 0;
    for (const end of [0, 10])
      for (let at = this.bytes.indexOf(end); at >= 0; at = this.bytes.indexOf(end, at + 1))
        if (++pieces > most) return true;
    return false;
  }

  /** NUL-terminated records in order; a last one without its NUL was cut and is left out. */
  records(): string[] {
    const parts = this.bytes.toString('latin1').split('\0');
    parts.pop();
    return parts;
  }
}

/** An answer taken apart. */
export interface Frames {
  /** Epoch seconds on the instance's clock; 0 when it did not say. */
  readAt: number;
  /** Directory that the program was run on, as it says; empty when it did not say. */
  root: string;
  frames: Map<string, Frame>;
  /** Probe names whose end mark is missing or that were never begun, and why. */
  broken: Map<string, { reason: GapReason; detail: string }>;
}

/**
 * Splits an answer into frames. Begin and end marks are whole records. No target can print one: every record that
 * holds something of the target's choosing starts with a word of the program's (`>` before a link target, the path
 * before a content), and names hold no NUL.
 *
 * Whatever came before the first mark (banners, noise of a login shell) is dropped.
 */
export function splitFrames(answer: Buffer, expected: string[]): Frames {
  const result: Frames = { readAt: 0, root: '', frames: new Map(), broken: new Map() };
  const start = answer.indexOf(`\0${hello}`, 0, 'latin1');
  if (start < 0) {
    for (const name of expected) {
      result.broken.set(name, {
        reason: 'garbled',
        detail: 'the instance did not run the program: no begin mark in its answer',
      });
    }
    return result;
  }
  const helloEnd = answer.indexOf(0, start + 1);
  if (helloEnd > 0) {
    const [epoch = '', ...root] = answer.toString('latin1', start + 1 + hello.length, helloEnd).split(' ');
    const clock = Number(epoch);
    result.root = root.join(' ');
    result.readAt = Number.isFinite(clock) ? clock : 0;
  }
  let at = start + 1;
  for (const name of expected) {
    const mark = `\0B ${name}\0`;
    const begin = answer.indexOf(mark, at, 'latin1');
    if (begin < 0) {
      result.broken.set(name, { reason: 'cut', detail: `the answer ended before "${name}" began` });
      continue;
    }
    const from = begin + mark.length;
    // The end mark carries the name too, and probes come in the order asked: the last mark before the next probe is ours.
    const end = answer.indexOf(`\0E ${name}\0`, from - 1, 'latin1');
    if (end < 0) {
      result.broken.set(name, { reason: 'cut', detail: `the answer ended in the middle of "${name}"` });
      result.frames.set(name, new Frame(name, answer.subarray(from), false));
      at = answer.length;
      continue;
    }
    result.frames.set(name, new Frame(name, answer.subarray(from, end + 1)));
    at = end;
  }
  return result;
}
