import { Transform, type TransformCallback } from 'node:stream';

type State = 'magic' | 'descriptor' | 'header' | 'block' | 'skip-size';

/**
 * Passes zstd data on so that no chunk straddles the end of a frame. Node's decompressor ends at the first frame that
 * ends inside a chunk and silently drops what follows it (seen in 24.21), and layers in the `zstd:chunked` form, or
 * made by pzstd, have thousands of frames. Format: RFC 8878, section 3.1.
 */
export class ZstdFrames extends Transform {
  /** Bytes gathered of the field that is being read, and how many it has. */
  #field: Buffer = Buffer.alloc(0);
  #need = 4;
  #state: State = 'magic';
  /** Bytes of content before the next field. */
  #pass = 0;
  #last = false;
  #checksum = false;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let from = 0; // first byte not yet passed on
    let at = 0;
    const flush = (to: number) => {
      if (to > from) this.push(chunk.subarray(from, to));
      from = to;
    };
    try {
      while (at < chunk.length) {
        if (this.#pass > 0) {
          const take = Math.min(this.#pass, chunk.length - at);
          this.#pass -= take;
          at += take;
          if (this.#pass === 0 && this.#frameEnds()) flush(at);
        } else {
          const take = Math.min(this.#need - this.#field.length, chunk.length - at);
          this.#field = Buffer.concat([this.#field, chunk.subarray(at, at + take)]);
          at += take;
          if (this.#field.length < this.#need) continue;
          const field = this.#field;
          this.#field = Buffer.alloc(0);
          this.#read(field);
          if (this.#pass === 0 && this.#frameEnds()) flush(at);
        }
      }
      flush(at);
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  override _flush(done: TransformCallback): void {
    const whole = this.#state === 'magic' && this.#field.length === 0 && this.#pass === 0;
    done(whole ? null : new Error('zstd data is cut in the middle of a frame'));
  }

  /** After the last block (and checksum) comes the magic number of another frame. */
  #frameEnds(): boolean {
    if (!this.#last) return false;
    this.#last = false;
    this.#expect('magic', 4);
    return true;
  }

  #expect(state: State, need: number): void {
    this.#state = state;
    this.#need = need;
  }

  #read(field: Buffer): void {
    if (this.#state === 'magic') this.#readMagic(field.readUInt32LE(0));
    else if (this.#state === 'descriptor') this.#readDescriptor(field[0] as number);
    else if (this.#state === 'header') this.#expect('block', 3);
    else if (this.#state === 'block') this.#readBlock(field.readUIntLE(0, 3));
    else {
      this.#pass = field.readUInt32LE(0);
      this.#last = true;
    }
  }

  #readMagic(magic: number): void {
    if (magic === 0xfd2fb528) this.#expect('descriptor', 1);
    else if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) this.#expect('skip-size', 4);
    else throw new Error(`zstd data is damaged: 0x${magic.toString(16)} where a frame should begin`);
  }

  /** Frame_Header_Descriptor: says how long the rest of the header is. */
  #readDescriptor(byte: number): void {
    const single = (byte & 0x20) !== 0;
    const contentSize = [single ? 1 : 0, 2, 4, 8][byte >> 6] as number;
    const dictionary = [0, 1, 2, 4][byte & 3] as number;
    this.#checksum = (byte & 4) !== 0;
    this.#expect('header', (single ? 0 : 1) + dictionary + contentSize);
  }

  #readBlock(header: number): void {
    const type = (header >> 1) & 3;
    const size = header >> 3;
    this.#last = (header & 1) === 1;
    // A run-length block (type 1) holds one byte, however long the run.
    this.#pass = (type === 1 ? 1 : size) + (this.#last && this.#checksum ? 4 : 0);
  }
}
