import { createHash, type Hash, hash } from 'node:crypto';
import type { ContentSink } from './tar-reader.ts';
import type { FileContent } from './tree.ts';

/** Hashes one file as it passes, and keeps its bytes when asked to. */
export class ContentHash implements ContentSink {
  readonly #content: FileContent;
  readonly #kept: Buffer[] | undefined;
  #hash: Hash | undefined;

  constructor(content: FileContent, keep: boolean) {
    this.#content = content;
    this.#kept = keep ? [] : undefined;
  }

  write(chunk: Buffer): void {
    this.#kept?.push(Buffer.from(chunk));
    // Most files come in one piece, and hashing in one call costs a fifth of making a Hash object.
    if (!this.#hash && chunk.length === this.#content.size) this.#content.sha256 = hash('sha256', chunk, 'hex');
    else {
      this.#hash ??= createHash('sha256');
      this.#hash.update(chunk);
    }
  }

  end(): void {
    if (this.#hash) this.#content.sha256 = this.#hash.digest('hex');
    else if (this.#content.size === 0) this.#content.sha256 = hash('sha256', '', 'hex');
    if (this.#kept) this.#content.bytes = Buffer.concat(this.#kept);
  }
}
