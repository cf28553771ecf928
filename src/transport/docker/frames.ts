/**
 * Takes the stream of an attached exec apart. Format: Docker Engine API, "Stream format": 8 bytes of header, the first
 * 1 = standard output or 2 = standard error, three zeros, length as 32 bits big endian; then the bytes. Nothing is held
 * back: a frame that claims gigabytes is handed over as it comes.
 */
export class Demultiplexer {
  readonly #stdout: (chunk: Buffer) => void;
  readonly #stderr: (chunk: Buffer) => void;
  readonly #header = Buffer.alloc(8);
  #had = 0;
  #left = 0;
  #broken = false;

  constructor(stdout: (chunk: Buffer) => void, stderr: (chunk: Buffer) => void) {
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** Takes bytes in. False when they are no such stream: nothing that follows can be trusted. */
  write(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length && !this.#broken; ) {
      if (this.#left > 0) {
        const piece = chunk.subarray(at, at + this.#left);
        at += piece.length;
        this.#left -= piece.length;
        if (this.#header[0] === 2) this.#stderr(piece);
        else this.#stdout(piece);
        continue;
      }
      const taken = chunk.copy(this.#header, this.#had, at, at + 8 - this.#had);
      at += taken;
      this.#had += taken;
      if (this.#had === 8) this.#begin();
    }
    return !this.#broken;
  }

  /** Ended between two frames: nothing is missing. */
  get whole(): boolean {
    return !this.#broken && this.#left === 0 && this.#had === 0;
  }

  #begin(): void {
    this.#had = 0;
    const kind = this.#header[0] ?? 255;
    this.#broken = kind > 2 || this.#header.readUIntBE(1, 3) !== 0;
    this.#left = this.#header.readUInt32BE(4);
  }
}
