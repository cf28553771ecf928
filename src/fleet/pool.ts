import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Finding, Findings } from '../core/finding.ts';

/** Bytes of a block; one finding that is larger has a block of its own. */
const blockBytes = 1024 * 1024;
/** Bytes of blocks that are kept as they are; older ones are packed. */
const openBytes = 64 * 1024 * 1024;
/** A position is `block * span + offset`. */
const span = 2 ** 32;
const newline = 10;
const ours = /^sf-([0-9a-f]{16})$/;

/**
 * Keeps the findings of many instances in little memory: what instances share is kept once, what is one's own as bytes. They are made
 * anew each time somebody goes through them.
 */
export class FindingPool {
  readonly #blocks: { bytes: Buffer; packed: boolean }[] = [];
  #used = blockBytes;
  #open = 0;
  #oldestOpen = 0;
  /** The last that was inflated: one instance's findings lie together. */
  #inflated: { block: number; bytes: Buffer } | undefined;
  readonly #shared: Shape[] = [];
  readonly #texts: string[] = [];
  /** By signature: the number of what is shared. */
  readonly #sharedBySignature = new Map<number, number>();
  /** By signature: where the one that was seen last lies; -1 = nowhere. */
  #last = new Float64Array(1024).fill(-1);

  /** Keeps them, in their order. `signatures`: a number of each, equal where they may well be the same; -1 = not looked for. */
  add(findings: readonly Finding[], signatures: Int32Array): Findings {
    const ids = Buffer.alloc(findings.length * 8);
    const places = new Float64Array(findings.length);
    for (const [i, finding] of findings.entries()) {
      const { id, ...rest } = finding;
      const hex = ours.exec(id)?.[1];
      if (hex !== undefined) ids.write(hex, i * 8, 'hex');
      // An id of another form is kept with the rest, which overrides it.
      places[i] = this.#place(hex === undefined ? finding : rest, signatures[i] ?? -1);
    }
    return new Packed(this, ids, places);
  }

  /** What lies at a place. */
  at(place: number): Shape {
    if (place < 0) return this.#shared[-place - 1] as Shape;
    return JSON.parse(this.#textAt(place)) as Shape;
  }

  #place(finding: Shape, signature: number): number {
    if (signature < 0) return this.#append(JSON.stringify(finding));
    const shared = this.#sharedBySignature.get(signature);
    if (shared !== undefined && isSame(this.#shared[shared], finding)) return -shared - 1;
    const text = JSON.stringify(finding);
    if (shared !== undefined && this.#texts[shared] === text) return -shared - 1;
    if (signature >= this.#last.length) {
      const more = new Float64Array(Math.max(signature + 1, this.#last.length * 2)).fill(-1);
      more.set(this.#last);
      this.#last = more;
    }
    const last = this.#last[signature] as number;
    if (shared === undefined && last >= 0 && this.#isOpen(last) && this.#textAt(last) === text) {
      const number = this.#shared.push(finding) - 1;
      this.#texts.push(text);
      this.#sharedBySignature.set(signature, number);
      return -number - 1;
    }
    const place = this.#append(text);
    this.#last[signature] = place;
    return place;
  }

  #append(text: string): number {
    const bytes = Buffer.byteLength(text) + 1;
    if (this.#used + bytes > blockBytes || bytes > blockBytes) {
      this.#blocks.push({ bytes: Buffer.allocUnsafeSlow(Math.max(blockBytes, bytes)), packed: false });
      this.#used = 0;
      this.#open += Math.max(blockBytes, bytes);
      this.#packOld();
    }
    const block = this.#blocks.length - 1;
    const into = (this.#blocks[block] as { bytes: Buffer }).bytes;
    const offset = this.#used;
    into.write(text, offset);
    into[offset + bytes - 1] = newline;
    this.#used += bytes;
    return block * span + offset;
  }

  #packOld(): void {
    while (this.#open > openBytes && this.#oldestOpen < this.#blocks.length - 1) {
      const block = this.#blocks[this.#oldestOpen++] as { bytes: Buffer; packed: boolean };
      this.#open -= block.bytes.length;
      block.bytes = deflateRawSync(block.bytes, { level: 1 });
      block.packed = true;
    }
  }

  #isOpen(place: number): boolean {
    return this.#blocks[Math.floor(place / span)]?.packed === false;
  }

  #textAt(place: number): string {
    const number = Math.floor(place / span);
    const offset = place - number * span;
    const bytes = this.#bytesOf(number);
    return bytes.toString('utf8', offset, bytes.indexOf(newline, offset));
  }

  #bytesOf(number: number): Buffer {
    const { bytes, packed } = this.#blocks[number] as { bytes: Buffer; packed: boolean };
    if (!packed) return bytes;
    if (this.#inflated?.block !== number) this.#inflated = { block: number, bytes: inflateRawSync(bytes) };
    return this.#inflated.bytes;
  }
}

type Shape = Omit<Finding, 'id'>;

const fields = Object.keys({
  ...{ kind: 1, change: 1, subject: 1, subjectBase64: 1, severity: 1, disposition: 1, rule: 1, reason: 1, before: 1 },
  ...{ after: 1, diff: 1, ownedBy: 1, explains: 1, explained: 1, tamper: 1, imageFault: 1, prevalence: 1 },
  ...{ firstSeenAt: 1, controls: 1, considered: 1, attack: 1, agent: 1, attribution: 1 },
} satisfies Record<keyof Shape, 1>) as (keyof Shape)[];

/** Are all fields the very same? What siblings share was judged once, so that much of it is; else the texts tell. */
function isSame(a: Shape | undefined, b: Shape): boolean {
  return a !== undefined && fields.every((field) => a[field] === b[field]);
}

class Packed {
  readonly length: number;
  readonly #pool: FindingPool;
  readonly #ids: Buffer;
  readonly #places: Float64Array;

  constructor(pool: FindingPool, ids: Buffer, places: Float64Array) {
    this.length = places.length;
    this.#pool = pool;
    this.#ids = ids;
    this.#places = places;
  }

  *[Symbol.iterator](): Iterator<Finding> {
    for (let i = 0; i < this.length; i++) {
      const id = `sf-${this.#ids.toString('hex', i * 8, i * 8 + 8)}`;
      yield { id, ...this.#pool.at(this.#places[i] as number) };
    }
  }
}
