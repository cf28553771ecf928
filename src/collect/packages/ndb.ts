import { slice, Unread } from './unread.ts';

/** Bytes of a block, of a slot, of a page of slots, of the file's own head, of a blob's head and of its tail. */
const block = 16;
const slot = 16;
const page = 4096;
const fileHead = 32;
const blobHead = 16;
const blobTail = 12;

/** Is this rpm's own format, `Packages.db`? */
export function isNdb(bytes: Buffer): boolean {
  return bytes.length >= fileHead && bytes.toString('latin1', 0, 4) === 'RpmP';
}

/**
 * The headers in rpm's own database format "ndb", in the order in which rpm lists them. Little-endian: a head (magic,
 * version, generation, pages of slots), the slots (magic, number of the package, first block, blocks), and the blobs
 * (magic, number, time, length, content, zeros, Adler-32, length, magic), by rpm's lib/backend/ndb/rpmpkg.c.
 * @throws RangeError when anything of it is not as rpm writes it: a part is never given out as the whole.
 */
export function readNdb(bytes: Buffer): Buffer[] {
  const version = bytes.readUInt32LE(4);
  if (version !== 0) throw new Unread(`its version ${version} is not known`);
  if (bytes.length % block !== 0) throw new Unread('it is cut or damaged');
  const headers: Buffer[] = [];
  let end = bytes.readUInt32LE(12) * page;
  const numbers = new Set<number>();
  for (const { number, at, length } of slots(bytes, end)) {
    // Blobs that lie in each other would be more than the file.
    if (at < end || numbers.has(number)) throw new Unread('it is damaged');
    numbers.add(number);
    end = at + length;
    headers.push(blob(slice(bytes, at, length), number));
  }
  return headers;
}

interface Slot {
  number: number;
  at: number;
  length: number;
}

/** The used slots, in the order of what they lead to. */
function slots(bytes: Buffer, end: number): Slot[] {
  const found: Slot[] = [];
  const table = slice(bytes, 0, end);
  for (let at = fileHead; at < end; at += slot) {
    if (table.toString('latin1', at, at + 4) !== 'Slot') throw new Unread('it is damaged');
    const first = table.readUInt32LE(at + 8);
    if (first === 0) continue;
    const length = table.readUInt32LE(at + 12) * block;
    found.push({ number: table.readUInt32LE(at + 4), at: first * block, length });
  }
  return found.sort((a, b) => a.at - b.at);
}

function blob(bytes: Buffer, number: number): Buffer {
  const length = bytes.readUInt32LE(12);
  const tail = bytes.length - blobTail;
  const sound =
    bytes.toString('latin1', 0, 4) === 'BlbS' &&
    bytes.readUInt32LE(4) === number &&
    Math.ceil((blobHead + length + blobTail) / block) * block === bytes.length &&
    bytes.readUInt32LE(tail) === adler32(bytes.subarray(0, tail)) &&
    bytes.readUInt32LE(tail + 4) === length &&
    bytes.toString('latin1', tail + 8) === 'BlbE';
  if (!sound) throw new Unread('it is damaged');
  return bytes.subarray(blobHead, blobHead + length);
}

/** RFC 1950. So many bytes may be summed before 32 bits are full. */
function adler32(bytes: Buffer): number {
  let [low, high] = [1, 0];
  for (let at = 0; at < bytes.length; ) {
    for (const end = Math.min(at + 5552, bytes.length); at < end; at++) {
      low += bytes[at] as number;
      high += low;
    }
    low %= 65_521;
    high %= 65_521;
  }
  return high * 65_536 + low;
}
