import { createHash } from 'node:crypto';
import { UserError } from '../../core/errors.ts';
import { type Blobs, readBlob } from './blobs.ts';

/** Index, manifest and configuration of an image: registries refuse more than 4 MiB. */
const MAX_JSON = 8 << 20;
const form = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** `ALGORITHM:HEX` as the OCI image specification has it ("Digests"). @throws UserError for anything else. */
export function checkDigest(digest: unknown, what: string): string {
  if (typeof digest === 'string' && form.test(digest)) return digest;
  throw new UserError(`${what}: ${JSON.stringify(digest)?.slice(0, 100)} is not a sha256 or sha512 digest`);
}

/** Where an OCI layout keeps the content with this digest. */
export function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** Adds up what passes, to be compared with a digest at the end. */
export class Seal {
  readonly expected: string;
  readonly #algorithm: string;
  readonly #hash;

  constructor(expected: string) {
    this.expected = expected;
    this.#algorithm = expected.slice(0, expected.indexOf(':'));
    this.#hash = createHash(this.#algorithm);
  }

  update(chunk: Buffer): void {
    this.#hash.update(chunk);
  }

  /** @throws UserError with both digests when they differ. To be called once. */
  check(what: string): void {
    const found = `${this.#algorithm}:${this.#hash.digest('hex')}`;
    if (found !== this.expected) {
      throw new UserError(
        `${what} is damaged: its digest should be ${this.expected} and is ${found}`,
        'save or copy the image again',
      );
    }
  }
}

/** A JSON object of the archive, and the bytes it was read from. */
export interface Json {
  value: Record<string, unknown>;
  bytes: Buffer;
}

/** Reads a JSON file of the archive; `digest` is checked where one is known. @throws UserError when it is not JSON. */
export async function readJson(blobs: Blobs, name: string, signal: AbortSignal, digest?: string): Promise<Json> {
  const bytes = await readBlob(blobs, name, MAX_JSON, signal);
  const what = `${blobs.what}: ${name}`;
  if (digest) {
    const seal = new Seal(digest);
    seal.update(bytes);
    seal.check(what);
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new UserError(`${what} is not JSON`, '', { cause: error });
  }
  if (typeof value !== 'object' || value === null) throw new UserError(`${what} holds no JSON object`);
  return { value: value as Record<string, unknown>, bytes };
}

/** The value as a list of objects; anything else in it is an error. */
export function objects(value: unknown, what: string): Record<string, unknown>[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null)) return value;
  throw new UserError(`${what} is not a list of objects`);
}

/** The value as a list of strings; nothing is an empty list. */
export function strings(value: unknown, what: string): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new UserError(`${what} is not a list of strings`);
}
