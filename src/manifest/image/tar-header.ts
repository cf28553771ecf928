/** One 512-byte header block as it stands there. Strings are raw latin1 bytes. */
export interface TarHeader {
  name: string;
  /** The type flag character; `0` for the NUL of old archives. */
  flag: string;
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of content that follow. */
  size: number;
  /** Epoch seconds. */
  mtime: number;
  linkname: string;
}

export const BLOCK = 512;

/** Content is followed by zeros up to the next block. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/**
 * Parses a header block. Format: POSIX.1-2017 pax(1) "ustar Interchange Format", and GNU tar's base-256 numbers.
 * Gives undefined when the block is no tar header: its checksum is wrong or a number is not one.
 */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  if (!checksumHolds(block)) return undefined;
  const prefix = isUstar(block) ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  const header: TarHeader = {
    name: prefix ? `${prefix}/${name}` : name,
    flag: block[156] ? String.fromCharCode(block[156]) : '0',
    mode: number(block, 100, 8),
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    mtime: number(block, 136, 12),
    linkname: text(block, 157, 100),
  };
  const sound =
    header.size >= 0 && [header.mode, header.uid, header.gid, header.size, header.mtime].every(Number.isFinite);
  return sound ? header : undefined;
}

/** A block of zeros: two of them end an archive. */
export function isZeroBlock(block: Buffer): boolean {
  return block.equals(zeros);
}

const zeros = Buffer.alloc(BLOCK);

/** POSIX magic `ustar\0`. GNU's own `ustar ` uses the bytes of the prefix for other things. */
function isUstar(block: Buffer): boolean {
  return block.toString('latin1', 257, 263) === 'ustar\0';
}

/** Sum of all bytes with the checksum field as blanks. Some old writers summed signed bytes, which readers still accept. */
function checksumHolds(block: Buffer): boolean {
  let unsigned = 8 * 32;
  let negative = 0;
  for (let i = 0; i < BLOCK; i++) {
    if (i === 148) i = 156;
    const byte = block[i] as number;
    unsigned += byte;
    if (byte > 127) negative++;
  }
  const said = number(block, 148, 8);
  return said === unsigned || said === unsigned - 256 * negative;
}

function text(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString('latin1', start, end === -1 ? start + length : Math.min(end, start + length));
}

/** Octal digits, or base 256 when the top bit is set (sizes of 8 GiB and more, owners past 2097151). NaN when neither. */
function number(block: Buffer, start: number, length: number): number {
  const first = block[start] as number;
  if (first & 0x80) return base256(block, start, length);
  let value = 0;
  let digits = false;
  for (let i = start; i < start + length; i++) {
    const byte = block[i] as number;
    if (byte >= 48 && byte <= 55) {
      value = value * 8 + byte - 48;
      digits = true;
    } else if (byte === 0 || (byte === 32 && digits)) break;
    else if (byte !== 32) return Number.NaN;
  }
  return value;
}

/** Two's complement, most significant byte first, the top bit of the first byte being the mark. NaN when not exact. */
function base256(block: Buffer, start: number, length: number): number {
  let value = BigInt(block[start] as number) & 0x7fn;
  for (let i = start + 1; i < start + length; i++) value = (value << 8n) | BigInt(block[i] as number);
  const signed = BigInt.asIntN(length * 8 - 1, value);
  return signed >= -9007199254740991n && signed <= 9007199254740991n ? Number(signed) : Number.NaN;
}
