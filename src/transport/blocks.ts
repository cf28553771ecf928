import { Buffer } from 'node:buffer';

/** Sizes of blocks: the first and the largest. Bytes. */
const [smallest, largest] = [16 * 1024, 1024 * 1024];

/**
 * Bytes that come in pieces of any size, kept in blocks: a peer that sends them one by one makes us hold no more than the
 * bytes themselves.
 */
export class Blocks {
  private blocks: Buffer[] = [];
  private used = 0;
  length = 0;

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const last = this.blocks.at(-1);
      if (!last || this.used === last.length) {
        this.blocks.push(Buffer.allocUnsafeSlow(last ? Math.min(last.length * 2, largest) : smallest));
        this.used = 0;
        continue;
      }
      const copied = chunk.copy(last, this.used, at);
      at += copied;
      this.used += copied;
    }
    this.length += chunk.length;
  }

  /** Lets go of all but the first `bytes`. */
  keep(bytes: number): void {
    if (bytes >= this.length) return;
    const kept = this.bytes().subarray(0, bytes);
    this.blocks = [];
    this.used = this.length = 0;
    this.push(kept);
  }

  /** All of it, in one piece; nothing is kept here then. */
  bytes(): Buffer {
    const { blocks, length } = this;
    const only = blocks.length === 1 ? blocks[0] : undefined;
    this.blocks = [];
    this.length = this.used = 0;
    return only ? only.subarray(0, length) : Buffer.concat(blocks, length);
  }
}
