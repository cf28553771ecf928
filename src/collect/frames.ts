import { constants, gunzipSync } from 'node:zlib';
import type { GapReason } from '../core/facts.ts';

/** First record of every answer, with the protocol version; then the instance's clock in epoch seconds and the root it looked at. */
export const hello = 'SNOWFENCE/1 ';

/** What one probe printed. Bytes are kept; strings are latin1, one char a byte. */
export class Frame {
  readonly name: string;
  readonly bytes: Buffer;
  /** Its end mark was seen. */
  readonly whole: boolean;
  /** A tool of the instance that it was read with was ended in the middle: what it holds may be halves. */
  readonly hurt: boolean;
  constructor(name: string, bytes: Buffer, whole = true, hurt = false) {
    this.whole = whole;
    this.hurt = hurt;
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
  /** Probe names whose end mark is missing, that were never begun, or that are hurt, and why. */
  broken: Map<string, { reason: GapReason; detail: string }>;
}

/** Most that the packed part of an answer may unpack to. Bytes. */
const mostUnpacked = 256 * 1024 * 1024;
/** Stands before what is packed, and behind the hello. */
const packedMark = Buffer.from('G\0');

/**
 * An answer with its packed part as it was before gzip. One that was cut gives what came. The end of what is packed is where
 * gzip says it is, whatever bytes are in it; a NUL follows, at which zlib looks for no further member. @throws Error
 */
export function unpacked(said: Buffer): Buffer {
  const at = said.indexOf(0, said.indexOf(`\0${hello}`, 0, 'latin1') + 1) + 1;
  const from = at + packedMark.length;
  if (at === 0 || !said.subarray(at, from).equals(packedMark)) return said;
  if (from === said.length) return said.subarray(0, at);
  const options = { maxOutputLength: mostUnpacked, finishFlush: constants.Z_SYNC_FLUSH, info: true };
  const { buffer, engine } = gunzipSync(said.subarray(from), options) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };
  return Buffer.concat([said.subarray(0, at), buffer, said.subarray(from + engine.bytesWritten)]);
}

/**
 * Splits an answer into frames. Begin and end marks are whole records. No target can print one: every record that
 * holds something of the target's choosing starts with a word of the program's (`>` before a link target, the path
 * before a content), and names hold no NUL.
 *
 * Whatever came before the first mark (banners, noise of a login shell) is dropped.
 */
export function splitFrames(said: Buffer, expected: string[]): Frames {
  const result: Frames = { readAt: 0, root: '', frames: new Map(), broken: new Map() };
  const start = said.indexOf(`\0${hello}`, 0, 'latin1');
  if (start < 0) {
    for (const name of expected) {
      result.broken.set(name, {
        reason: 'garbled',
        detail: 'the instance did not run the program: no begin mark in its answer',
      });
    }
    return result;
  }
  const helloEnd = said.indexOf(0, start + 1);
  let answer = said;
  if (helloEnd > 0) {
    try {
      answer = unpacked(said);
    } catch (error) {
      const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
      const reason = tooLarge ? 'limit' : 'garbled';
      const detail = tooLarge ? `it unpacks to more than ${mostUnpacked} bytes` : 'what is packed does not unpack';
      for (const name of expected) result.broken.set(name, { reason, detail });
      return result;
    }
    const [epoch = '', ...root] = said.toString('latin1', start + 1 + hello.length, helloEnd).split(' ');
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
    const bytes = answer.subarray(from, end + 1);
    const hurt = bytes.subarray(-name.length - 4).toString('latin1') === `\0H ${name}\0`;
    result.frames.set(name, new Frame(name, bytes, true, hurt));
    if (hurt) {
      const what =
        'a tool that this is read with was ended by a signal, could not be started or could not read (is there no memory left?)';
      result.broken.set(name, { reason: 'cut', detail: `${what}: what "${name}" would tell is unknown` });
    }
    at = end;
  }
  return result;
}
