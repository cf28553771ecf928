/** One column of a row: text and blobs as bytes. */
export type Cell = number | Buffer | undefined;

/** Rows and bytes of payload that are read at most: a hostile file must not cost more. */
const maxRows = 200_000;
const maxBytes = 1_000_000_000;

/**
 * All rows of one table of an SQLite database in memory, in order of their row ids: the b-tree's pages with overflow, by
 * sqlite.org/fileformat2.html. Undefined when the bytes are no database, are damaged, or lack the table: a part of a
 * table is never given out as the whole. A write-ahead log beside the file is not looked at.
 */
export function readSqliteTable(bytes: Buffer, table: string): Cell[][] | undefined {
  if (bytes.length < 512 || bytes.toString('latin1', 0, 16) !== 'SQLite format 3\0') return undefined;
  try {
    const database = new Database(bytes);
    const schema = database.rows(1);
    const row = schema.find(([type, name]) => text(type) === 'table' && text(name) === table);
    return row ? database.rows(Number(row[3])) : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function text(cell: Cell): string {
  return Buffer.isBuffer(cell) ? cell.toString('latin1') : '';
}

/** Damage of any kind is a RangeError, as Buffer's own reads beyond an end are. */
class Database {
  private readonly bytes: Buffer;
  private readonly pageSize: number;
  private readonly usable: number;
  private readonly seen = new Set<number>();
  private read = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    const size = bytes.readUInt16BE(16);
    this.pageSize = size === 1 ? 65_536 : size;
    this.usable = this.pageSize - bytes.readUInt8(20);
    if (this.pageSize < 512 || this.usable < 480) throw new RangeError('page size');
  }

  rows(root: number): Cell[][] {
    const rows: Cell[][] = [];
    const open = [root];
    for (let number = open.pop(); number !== undefined; number = open.pop()) {
      const page = this.page(number);
      // The first page begins with the database's own header.
      const head = number === 1 ? 100 : 0;
      const type = page.readUInt8(head);
      const count = page.readUInt16BE(head + 3);
      const cells = (first: number) => Array.from({ length: count }, (_, i) => page.readUInt16BE(head + first + i * 2));
      if (type === 0x05) {
        const children = cells(12).map((at) => page.readUInt32BE(at));
        open.push(page.readUInt32BE(head + 8), ...children.reverse());
      } else if (type === 0x0d) for (const at of cells(8)) rows.push(record(this.payload(page, at)));
      else throw new RangeError('page type');
      if (rows.length > maxRows) throw new RangeError('rows');
    }
    return rows;
  }

  /** Page by its number from 1; each is read once, so that no ring of pages is walked for ever. */
  private page(number: number): Buffer {
    const start = (number - 1) * this.pageSize;
    if (number < 1 || this.seen.has(number) || start + this.pageSize > this.bytes.length) throw new RangeError('page');
    this.seen.add(number);
    return this.bytes.subarray(start, start + this.pageSize);
  }

  /** Payload of a leaf's cell: what fits stands there, the rest in a chain of overflow pages. */
  private payload(page: Buffer, cell: number): Buffer {
    const size = varint(page, cell);
    const id = varint(page, size.next);
    this.read += size.value;
    if (this.read > maxBytes) throw new RangeError('payload');
    const most = this.usable - 35;
    const least = Math.floor(((this.usable - 12) * 32) / 255) - 23;
    const fits = least + ((size.value - least) % (this.usable - 4));
    const local = size.value <= most ? size.value : fits <= most ? fits : least;
    const parts = [slice(page, id.next, local)];
    let next = local < size.value ? page.readUInt32BE(id.next + local) : 0;
    for (let left = size.value - local; left > 0; ) {
      const overflow = this.page(next);
      const length = Math.min(left, this.usable - 4);
      parts.push(overflow.subarray(4, 4 + length));
      next = overflow.readUInt32BE(0);
      left -= length;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }
}

function slice(bytes: Buffer, at: number, length: number): Buffer {
  if (at + length > bytes.length) throw new RangeError('end');
  return bytes.subarray(at, at + length);
}

/** Seven bits a byte, high ones first, of the ninth all eight. Above 2^53 it is no length of anything. */
function varint(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes.readUInt8(at + i);
    value = value * 128 + (byte & 127);
    if (byte < 128) return { value, next: at + i + 1 };
  }
  return { value: value * 256 + bytes.readUInt8(at + 8), next: at + 9 };
}

/** Bytes of the integers by serial type 0 to 9; 7 is a float, which no table here has. */
const integers = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

function record(payload: Buffer): Cell[] {
  const head = varint(payload, 0);
  const cells: Cell[] = [];
  let body = head.value;
  for (let at = head.next; at < head.value; ) {
    const { value: type, next } = varint(payload, at);
    at = next;
    const length = type >= 12 ? Math.floor((type - 12) / 2) : (integers[type] ?? 0);
    const bytes = slice(payload, body, length);
    body += length;
    cells.push(
      type >= 12 ? bytes : type === 9 ? 1 : length > 0 && length <= 6 ? bytes.readIntBE(0, length) : undefined,
    );
  }
  return cells;
}
