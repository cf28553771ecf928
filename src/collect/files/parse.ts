import type { Ask } from '../../core/ask.ts';
import { escapeName } from '../../core/bytes.ts';
import { readBuckets } from './buckets.ts';
import { Cursor } from './cursor.ts';
import { readDigests } from './digests.ts';
import type { FileFacts } from './facts.ts';
import { type Meta, readMeta, readStatted } from './metadata.ts';

/** Most entries, and most records beside them, that are taken in of one answer: more come in by buckets. */
export const mostEntries = 500_000;
/** Types of what is asked for its attributes. */
const mayHave = /^[fdbc]$/;
/** Files of one batch at most; the program sends up to 4,000. */
const mostOfBatch = 10_000;

/**
 * The answer of the files question (see question.ts for its records) to canonical lines. Never throws: what it does not
 * understand is skipped and noted as garbled.
 */
export class FileAnswer {
  readonly facts: FileFacts = {
    lines: [],
    modified: new Map(),
    unhashed: [],
    closed: [],
    mounts: [],
    overBudget: 0,
    changing: [],
    inodes: new Map(),
    unread: [],
    complete: false,
    tooMany: false,
    stale: false,
    garbled: false,
  };
  private readonly cursor: Cursor;
  private readonly strip: number;
  private readonly ask: Ask | undefined;
  private lost = false;
  private ends = 0;
  private entries = 0;
  private readonly links = new Map<string, string>();
  private readonly pendingLinks: Meta[] = [];
  private readonly caps = new Map<string, string>();
  private readonly names = new Map<string, string>();
  private held: { meta: Meta; sha256: string; asked: boolean }[] = [];
  /** Nothing reads attributes there. */
  private blind = false;
  /** Those of what is held were read to the end. */
  private attributesRead = false;

  /** `root` is the directory the program was asked about (`/` or a directory, latin1), so that keys begin at the image's root. */
  constructor(bytes: Buffer, root: string, ask?: Ask) {
    this.ask = ask;
    this.cursor = new Cursor(bytes);
    this.strip = root === '/' ? 0 : root.length;
  }

  parse(): FileFacts {
    while (!this.cursor.atEnd) {
      const record = this.cursor.record();
      if (record === undefined) break;
      if (++this.entries > mostEntries) {
        this.facts.tooMany = this.lost = true;
        break;
      }
      this.take(record);
    }
    this.flush();
    for (const meta of this.pendingLinks) {
      const link = this.links.get(meta.path);
      // Without a target it was gone before it could be read.
      if (link !== undefined) this.emit({ ...meta, link }, '-', true);
    }
    this.facts.complete = this.ends === 2 && !this.lost;
    this.facts.garbled ||= this.cursor.garbled;
    return this.facts;
  }

  private take(record: string): void {
    const rest = record.slice(2);
    switch (record[0]) {
      case 'm':
        this.seen(readMeta(record, this.cursor));
        break;
      case 'F':
        this.flush();
        this.batch(Number(rest));
        break;
      case 'c':
        this.pair(rest, (words, path) => {
          if (/^[\w:.,=+-]{1,9000}$/.test(words)) this.caps.set(path, words);
        });
        break;
      case '~':
        this.attributesRead = true;
        break;
      case 'a':
        this.blind = true;
        break;
      case 'n':
        this.named(/^(\d{1,9}) (\d{1,20} [\d.]{1,40}) (.*)$/s.exec(rest));
        break;
      case 'N':
        if (!this.counts(Number(rest))) break;
        for (const meta of readStatted(Number(rest), this.cursor)) {
          if (meta.type === 'l') this.pendingLinks.push(meta);
          else this.seen(meta);
        }
        break;
      case 'l': {
        const target = this.cursor.record();
        if (target?.startsWith('>')) this.links.set(rest, target.slice(1));
        break;
      }
      case 'M':
        this.pair(rest, (type, path) => this.facts.mounts.push({ type, path: this.key(path) }));
        break;
      case 'u':
        this.facts.closed.push(this.key(rest));
        break;
      case 'G':
      case 'P':
        this.packed(record[0], Number(rest));
        break;
      case 't':
        this.facts.changing.push(this.key(rest));
        break;
      case 's':
        this.facts.stale ||= this.ask !== undefined && rest !== this.ask.salt;
        break;
      case 'b':
        this.facts.overBudget = Number(rest) || 0;
        break;
      case 'k':
        break;
      case 'w':
      case 'W':
        this.ends++;
        // Not all that was to be looked at was: what nobody tells is unknown, not gone.
        this.lost ||= rest !== '0';
        break;
      default:
        this.facts.garbled = true;
    }
  }

  /**
   * What does not follow the protocol is void as a whole: half a list would make the other half look removed. There is one
   * list, and what comes behind a void one is not read: many that are small until unpacked would take hours.
   */
  private packed(kind: 'G' | 'P', length: number): void {
    const { cursor, ask, facts } = this;
    const end = cursor.at + length;
    try {
      if (!ask || facts.buckets || !(length > 0 && end <= cursor.bytes.length)) throw new Error('cut or not asked for');
      facts.buckets = readBuckets(kind, cursor.bytes.subarray(cursor.at, end), ask, this.blind);
      cursor.at = end;
    } catch {
      facts.garbled = this.lost = true;
      cursor.at = cursor.bytes.length;
    }
  }

  private named(match: RegExpExecArray | null): void {
    if (!match) return;
    const [, count = '', inode = '', path = ''] = match;
    this.names.set(path, count);
    this.facts.inodes.set(this.key(path), inode);
  }

  private pair(text: string, use: (word: string, path: string) => void): void {
    const space = text.indexOf(' ');
    if (space > 0) use(text.slice(0, space), text.slice(space + 1));
  }

  /** An entry without a digest: no regular file, or one that may not be read. */
  private seen(meta: Meta | undefined): void {
    if (meta) this.held.push({ meta, sha256: meta.type === 'f' ? '?' : '-', asked: meta.type !== 'f' });
  }

  /** Can a batch have so many? */
  private counts(n: number): boolean {
    const may = Number.isInteger(n) && n >= 1 && n <= mostOfBatch;
    if (may) this.entries += n;
    this.facts.garbled ||= !may;
    return may;
  }

  private batch(n: number): void {
    const { cursor } = this;
    if (!this.counts(n)) return;
    const metas: Meta[] = [];
    if (cursor.startsWith('S\0')) {
      cursor.record();
      for (const meta of readStatted(n, cursor)) metas.push(meta);
    } else {
      while (metas.length <= n && cursor.startsWith('m ')) {
        const record = cursor.record();
        const meta = record === undefined ? undefined : readMeta(record, cursor);
        if (meta) metas.push(meta);
      }
    }
    const digests = readDigests(cursor.record() ?? '', n, cursor);
    if (digests && metas.length === n) {
      metas.forEach((meta, i) => {
        this.held.push({ meta, sha256: meta.type === 'f' ? (digests[i] ?? '?') : '-', asked: true });
      });
    } else if (n === 1 && metas[0]) this.held.push({ meta: metas[0], sha256: '?', asked: true });
  }

  /** Attributes come behind the entries they belong to, so those wait for them. */
  private flush(): void {
    for (const { meta, sha256, asked } of this.held) {
      const known = !mayHave.test(meta.type) || (asked && this.attributesRead);
      if (!known && asked && !this.blind) this.facts.unread.push(this.key(meta.path));
      this.emit(meta, sha256, known);
    }
    this.held = [];
    this.attributesRead = false;
  }

  private key(path: string): string {
    const inside = this.strip ? path.slice(this.strip) : path;
    return escapeName(inside === '' ? '/' : inside.length > 1 && inside.endsWith('/') ? inside.slice(0, -1) : inside);
  }

  private emit(meta: Meta, sha256: string, known: boolean): void {
    const key = this.key(meta.path);
    const size = meta.type === 'f' ? meta.size : '-';
    const words = [
      meta.type === 'l' ? undefined : (this.caps.get(meta.path) ?? (known ? undefined : '?')),
      meta.type === 'f' && this.names.has(meta.path) ? `links=${this.names.get(meta.path)}` : undefined,
    ];
    const attributes = words.filter((word) => word !== undefined).join('+') || '-';
    const link = meta.type === 'l' ? ` ${escapeName(meta.link)}` : '';
    this.facts.lines.push(
      `${key}\0${meta.type} ${meta.mode} ${meta.uid} ${meta.gid} ${size} ${sha256} ${attributes}${link}`,
    );
    if (sha256 === '?') this.facts.unhashed.push(key);
    if (meta.mtime !== '0') this.facts.modified.set(key, Math.floor(Number(meta.mtime)) || 0);
  }
}
