import { constants, gunzipSync } from 'node:zlib';
import { printable } from '../../core/bytes.ts';
import { chunkChars, hello, marks } from './script.ts';

/** The first line of the first command's output. */
export interface Heading {
  /** Length of the whole answer in base64 characters. */
  length: number;
  /** `whole`, `held`, `unheld`, `full`, or `lacks TOOL`. */
  state: string;
  /** Beginning of the answer. */
  text: string;
}

/** Takes the output of the first command apart; undefined when our script did not print it. */
export function readHeading(stdout: string): Heading | undefined {
  const match = new RegExp(`^${hello} (\\d{1,9}) (whole|held|unheld|full|lacks [a-z0-9]{1,20})\\n`).exec(stdout);
  if (!match) return undefined;
  return { length: Number(match[1]), state: match[2] ?? '', text: stdout.slice(match[0].length) };
}

/** Offsets of the pieces behind the first. */
export function offsetsOf(length: number): number[] {
  const offsets: number[] = [];
  for (let at = chunkChars; at < length; at += chunkChars) offsets.push(at);
  return offsets;
}

/** Is this the piece of base64 that belongs there? */
export function fits(piece: string, offset: number, length: number): boolean {
  return piece.length === Math.min(chunkChars, length - offset) && /^[A-Za-z0-9+/]*={0,2}$/.test(piece);
}

/** The program's output as it was, and how the program ended. */
export interface Unpacked {
  stdout: Buffer;
  /** Exit status; undefined when the end mark is missing. */
  status?: number;
  /** It wrote more to standard output or standard error than the limit. */
  flood: boolean;
}

/** Unpacks an answer. Bounded by `maxBytes` whatever the instance sent; never throws. */
export function unpack(base64: string, maxBytes: number): Unpacked {
  const room = maxBytes + 4096;
  let bytes: Buffer;
  try {
    // An answer that was cut on the way gives what there is of it.
    bytes = gunzipSync(Buffer.from(base64, 'base64'), { maxOutputLength: room, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    return { stdout: Buffer.alloc(0), flood: (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' };
  }
  const end = bytes.lastIndexOf(marks.end, undefined, 'latin1');
  const tail = end < 0 ? '' : bytes.toString('latin1', end + marks.end.length);
  const match = /^(\d{1,3})\0(\0SNOWFENCE-FLOOD\0)?$/.exec(tail);
  if (!match) return { stdout: bytes, flood: bytes.length >= maxBytes + 64 };
  // Two writers: which of the marks comes first is chance.
  const before = end - marks.flood.length;
  const early = before >= 0 && bytes.toString('latin1', before, end) === marks.flood;
  const stdout = bytes.subarray(0, early ? before : end);
  return { stdout, status: Number(match[1]), flood: early || match[2] !== undefined };
}

/** Last words of a command, short and safe. */
export function lastWords(text: string | undefined): string {
  const said = printable((text ?? '').trim().split('\n').at(-1)?.slice(0, 200) ?? '');
  return said ? `; it said: ${said}` : '';
}
