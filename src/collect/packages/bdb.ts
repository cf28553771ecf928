import { slice, Unread } from './unread.ts';

const hashMagic = 0x00061561;
const btreeMagic = 0x00053162;

/** Types of pages: a bucket's of before and since Berkeley DB 4.6, and one of a chain with one long item. */
const unsorted = 2;
const sorted = 13;
const overflow = 7;

/** Types of items on a bucket's page: bytes, and the place of a chain. Duplicates (2, 4) are not in a database of rpm. */
const onPage = 1;
const offPage = 3;

/** Is this a database of Berkeley DB, `Packages`? */
export function isBdb(bytes: Buffer): boolean {
  const magics = bytes.length < 512 ? [] : [bytes.readUInt32LE(12), bytes.readUInt32BE(12)];
  return magics.includes(hashMagic) || magics.includes(btreeMagic);
}

/**
 * The headers in a hash database of Berkeley DB, in the order in which its cursor walks: the buckets one after the
 * other, of each the chain of its pages. Pages by Berkeley DB's dbinc/db_page.h, of either byte order; keys of four
 * bytes, of which rpm keeps 0 for a counter of its own.
 * @throws RangeError when anything of it is not as Berkeley DB writes it: a part is never given out as the whole.
 */
export function readBdb(bytes: Buffer): Buffer[] {
  const database = new Database(bytes);
  const headers: Buffer[] = [];
  for (const [key, value] of database.pairs()) {
    if (key.length !== 4) throw new Unread('it is no table of packages');
    if (key.readUInt32LE() !== 0) headers.push(value);
  }
  return headers;
}

class Database {
  private readonly bytes: Buffer;
  private readonly little: boolean;
  private readonly pageSize: number;
  /** Bytes of a page before its own: with a sum there are more. */
  private readonly head: number;
  private readonly lastPage: number;
  private readonly seen = new Set<number>();

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.little = [hashMagic, btreeMagic].includes(bytes.readUInt32LE(12));
    if (this.long(bytes, 12) !== hashMagic) throw new Unread('it is a btree of Berkeley DB, and rpm keeps a hash');
    const version = this.long(bytes, 16);
    if (version < 8 || version > 10) throw new Unread(`version ${version} of Berkeley DB's hash is not known`);
    if (bytes.readUInt8(24) !== 0) throw new Unread('it is encrypted');
    if (this.long(bytes, 36) !== 0) throw new Unread('it has partitions in other files');
    this.pageSize = this.long(bytes, 20);
    this.lastPage = this.long(bytes, 32);
    this.head = bytes.readUInt8(26) & 1 ? 32 : 26;
    if (this.pageSize < 512 || this.pageSize > 65_536) throw new Unread('it is damaged');
    slice(bytes, 0, (this.lastPage + 1) * this.pageSize);
  }

  *pairs(): Generator<[Buffer, Buffer]> {
    const last = this.long(this.bytes, 72);
    if (last > this.lastPage) throw new Unread('it is damaged');
    for (let bucket = 0; bucket <= last; bucket++) {
      // Buckets are added in doublings, each in one run of pages; where it begins is told by the doubling's number.
      const doubling = 32 - Math.clz32(bucket);
      let number = bucket + this.long(this.bytes, 96 + doubling * 4);
      while (number !== 0) {
        const page = this.page(number);
        // Nothing was ever put into this one: its page was never written.
        if (isEmpty(page)) break;
        this.mustBe(page, number, [unsorted, sorted]);
        yield* this.pairsOf(page);
        number = this.long(page, 16);
      }
    }
    this.mustHaveSeenAll();
  }

  /** A bucket's page with something on it that no walk comes to: the way to it is lost, and packages with it. */
  private mustHaveSeenAll(): void {
    for (let number = 1; number <= this.lastPage; number++) {
      const page = this.bytes.subarray(number * this.pageSize);
      const bucket = [unsorted, sorted].includes(page.readUInt8(25));
      if (bucket && this.short(page, 20) > 0 && !this.seen.has(number)) throw new Unread('it is damaged');
    }
  }

  /** Items stand from the end of the page to its beginning, key and value in turn; each ends where the last began. */
  private *pairsOf(page: Buffer): Generator<[Buffer, Buffer]> {
    const count = this.short(page, 20);
    if (count % 2 !== 0) throw new Unread('it is damaged');
    const items: Buffer[] = [];
    let end = this.pageSize;
    for (let i = 0; i < count; i++) {
      const start = this.short(page, this.head + i * 2);
      if (start < this.head + count * 2 || start >= end) throw new Unread('it is damaged');
      items.push(this.item(page.subarray(start, end)));
      end = start;
    }
    for (let i = 0; i < count; i += 2) yield [items[i] as Buffer, items[i + 1] as Buffer];
  }

  private item(bytes: Buffer): Buffer {
    const type = bytes.readUInt8(0);
    if (type === onPage) return bytes.subarray(1);
    if (type !== offPage || bytes.length !== 12) throw new Unread('it is damaged');
    const parts: Buffer[] = [];
    let left = this.long(bytes, 8);
    for (let number = this.long(bytes, 4); left > 0; ) {
      const page = this.page(number);
      this.mustBe(page, number, [overflow]);
      const length = this.short(page, 22);
      if (length === 0 || length > left) throw new Unread('it is damaged');
      parts.push(slice(page, this.head, length));
      left -= length;
      number = this.long(page, 16);
    }
    return Buffer.concat(parts);
  }

  /** Page by its number; each is read once, so that no ring of pages is walked for ever. */
  private page(number: number): Buffer {
    if (number < 1 || number > this.lastPage || this.seen.has(number)) throw new Unread('it is damaged');
    this.seen.add(number);
    return this.bytes.subarray(number * this.pageSize, (number + 1) * this.pageSize);
  }

  private mustBe(page: Buffer, number: number, types: readonly number[]): void {
    if (this.long(page, 8) !== number || !types.includes(page.readUInt8(25))) throw new Unread('it is damaged');
  }

  private long(from: Buffer, at: number): number {
    return this.little ? from.readUInt32LE(at) : from.readUInt32BE(at);
  }

  private short(from: Buffer, at: number): number {
    return this.little ? from.readUInt16LE(at) : from.readUInt16BE(at);
  }
}

function isEmpty(page: Buffer): boolean {
  return page.every((byte) => byte === 0);
}
