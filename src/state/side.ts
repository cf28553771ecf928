import { posix } from 'node:path';
import { escapeName, unescapeName } from '../core/bytes.ts';
import type { Fingerprint } from '../core/facts.ts';
import { parseFileValue } from '../fingerprint/files.ts';
import { lookup, readStream } from '../fingerprint/stream.ts';
import type { Format, SeenFile } from './format.ts';
import { anyOf, compileGlobs } from './glob.ts';
import { formats } from './registry.ts';

const matchers = Object.values(formats).map((format) => ({ format, match: compileGlobs(format.paths) }));
const globs = Object.values(formats).flatMap((format) => format.paths);
const isHidden = (glob: string) => glob.startsWith('~/.');
/** Most paths are of no interest, and there are many: a home directory can be anywhere, so its patterns are tried last and seldom. */
const inHomes = anyOf(globs.filter(isHidden));
const elsewhere = anyOf(globs.filter((glob) => !isHidden(glob)));
const isKnown = (path: string) => elsewhere.test(path) || (path.includes('/.') && inHomes.test(path));
/** Most links that are followed, as in the kernel. */
const mostLinks = 40;

/** One side of a comparison, asked file by file. Texts that an instance did not send again are the image's. */
export class Side {
  readonly #own: Fingerprint;
  readonly #other: Fingerprint | undefined;
  readonly #homes = new Map<string, string>();
  readonly #names = new Map<string, string>();

  /** `image` is given for an instance: what is equal by digest has the image's text. */
  constructor(own: Fingerprint, image?: Fingerprint) {
    this.#own = own;
    this.#other = image;
    const users = [...readStream(own.accounts)].filter(([key]) => key.startsWith('user '));
    const sorted = users.map(([key, value]) => ({ name: unescapeName(key.slice(5)), fields: value.split('\t') }));
    // Of accounts that share a home or an id, the mightiest gives the name, and of those one that the image has.
    const known = ({ name }: { name: string }) =>
      name === 'root' || (image !== undefined && lookup(image.accounts, `user ${escapeName(name)}`) !== undefined);
    sorted.sort(
      (a, b) =>
        Number(a.fields[0]) - Number(b.fields[0]) || Number(known(b)) - Number(known(a)) || (a.name < b.name ? -1 : 1),
    );
    for (const { name, fields } of sorted) {
      const home = unescapeName(fields[3] ?? '').replace(/\/+$/, '');
      if (!this.#homes.has(home)) this.#homes.set(home, name);
      if (!this.#names.has(fields[0] ?? '')) this.#names.set(fields[0] ?? '', name);
    }
  }

  /** What kind of file of configuration a path (raw) is, and the account in whose home it lies. */
  formatOf(path: string): { format: Format; account: string } | undefined {
    if (!isKnown(path)) return undefined;
    for (const { format, match } of matchers) {
      const found = match(path);
      if (!found) continue;
      const account = found.home === undefined ? '' : this.#accountOf(found.home);
      if (account !== undefined) return { format, account };
    }
    return undefined;
  }

  #accountOf(home: string): string | undefined {
    return this.#homes.get(home) ?? /^\/(?:home\/)?(root|(?<=\/home\/)[^/]+)$/.exec(home)?.[1];
  }

  /** Is there an entry of any type (raw path)? */
  has(path: string): boolean {
    return lookup(this.#own.files, escapeName(path)) !== undefined;
  }

  /** Text of a regular file (raw path), as far as it is known. */
  textOf(path: string): string | undefined {
    const key = escapeName(path);
    const value = lookup(this.#own.files, key);
    const file = value === undefined ? undefined : parseFileValue(value);
    if (file?.type !== 'f') return undefined;
    if (file.size === '0') return '';
    let text = lookup(this.#own.contents, key);
    if (text === undefined && this.#other) {
      const theirs = lookup(this.#other.files, key);
      if (theirs !== undefined && file.sha256.length === 64 && parseFileValue(theirs).sha256 === file.sha256)
        text = lookup(this.#other.contents, key);
    }
    return text === undefined ? undefined : unescapeName(text);
  }

  /** Text of what a path leads to, its own link and those after it followed. */
  #textAt(start: string): string | undefined {
    let path = start;
    for (let links = 0; links < mostLinks; links++) {
      const value = lookup(this.#own.files, escapeName(path));
      const file = value === undefined ? undefined : parseFileValue(value);
      if (file?.type !== 'l') return this.textOf(path);
      path = posix.resolve(posix.dirname(path), unescapeName(file.link));
    }
    return undefined;
  }

  /** A file (raw path, value of the files stream) as formats see it. */
  see(path: string, account: string, value: string, text: string | undefined): SeenFile {
    const file = parseFileValue(value);
    return {
      path,
      account,
      type: file.type,
      link: unescapeName(file.link),
      uid: file.uid,
      sha256: file.sha256,
      ...(text === undefined ? {} : { text }),
      nameOf: (uid) => this.#names.get(uid),
      textAt: (other) => this.#textAt(other),
    };
  }
}
