/** A place in an answer: read as latin1 text (one char a byte) and, for digests, as bytes. */
export class Cursor {
  readonly bytes: Buffer;
  readonly text: string;
  at = 0;
  /** Something did not follow the protocol. */
  garbled = false;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.text = bytes.toString('latin1');
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  startsWith(word: string): boolean {
    return this.text.startsWith(word, this.at);
  }

  /** The next NUL-terminated record; undefined (and the end) when it was cut. */
  record(): string | undefined {
    const end = this.text.indexOf('\0', this.at);
    if (end < 0) {
      this.at = this.text.length;
      this.garbled = true;
      return undefined;
    }
    const record = this.text.slice(this.at, end);
    this.at = end + 1;
    return record;
  }
}
