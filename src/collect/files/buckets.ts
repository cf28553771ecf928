import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Ask, Expected, Sweep } from '../../core/ask.ts';
import type { Stream } from '../../core/facts.ts';

/** Most that a packed answer may unpack to. Bytes. */
const mostBytes = 256 * 1024 * 1024;
/** Most entries that are sent where none are expected: more than any server has that is worth a file list. */
const mostEntries = 3_000_000;
/** The same where they are compared with what is expected: ten times what is judged. */
const mostOthers = 1_000_000;

/** What the walk by buckets brought, put together with what was expected. */
export interface BucketFacts {
  /** The `files` stream; the very same object as expected when everything is. */
  files: Stream;
  /** Modification times of entries that were sent. */
  modified: Map<string, number>;
  /** Keys of entries that were sent. */
  sent: Set<string>;
  /** `inode ctime` of those entries that have more than one name. */
  inodes: Map<string, string>;
  /** For the next quick scan; undefined when it was not asked for. */
  sweep?: Sweep;
  /** For each bucket: its place among the expected ones, -1 when it was hashed now. */
  origins: number[];
  /** Regular files among the entries that were hashed now, and their bytes. */
  hashed: { files: number; bytes: number };
}

interface Run {
  first: number;
  count: number;
}

/**
 * Reads the lines of buckets-question.ts. @throws Error for anything that does not follow it: lines that are cut, not in
 * order, twice, or buckets that nobody expected; the caller makes it a gap. Where the instance is `blind` nothing reads attributes, so
 * that what is sent without any may have some.
 */
export function readBuckets(kind: 'G' | 'P', packed: Buffer, ask: Ask, blind = false): BucketFacts {
  const bytes = kind === 'G' ? gunzipSync(packed, { maxOutputLength: mostBytes }) : packed;
  const text = bytes.toString('latin1');
  if (text !== '.\n' && !text.endsWith('\n.\n')) throw new Error('the list of buckets is cut');
  return new Reader(text.slice(0, -2), ask, blind).read();
}

class Reader {
  private readonly text: string;
  private readonly ask: Ask;
  private readonly blind: boolean;
  private readonly expected: Expected | undefined;
  private readonly parts: Buffer[] = [];
  private readonly facts: BucketFacts = {
    files: Buffer.alloc(0),
    modified: new Map(),
    sent: new Set(),
    inodes: new Map(),
    origins: [],
    hashed: { files: 0, bytes: 0 },
  };
  private readonly counts: number[] = [];
  private readonly digests: string[] = [];
  private whole = false;
  private last = '';
  private at = 0;

  constructor(text: string, ask: Ask, blind: boolean) {
    this.text = text;
    this.ask = ask;
    this.blind = blind;
    this.expected = ask.expected;
  }

  read(): BucketFacts {
    const { facts } = this;
    let said: Sweep | undefined;
    for (let line = this.next(); line !== undefined; line = this.next()) {
      const [mark, a = '', b = ''] = line.split(' ', 3);
      if (mark === '=') this.asExpected({ first: number(a), count: number(b) });
      else if (mark === '!') this.bucket(number(a));
      else if (mark === 'S') said = this.sweep();
      else throw new Error('not a line of the list of buckets');
    }
    if (this.expected && this.whole && this.parts.length === 1) facts.files = this.expected.stream;
    else facts.files = Buffer.concat(this.parts);
    if (said) facts.sweep = said;
    else if (this.ask.depth === 'quick') facts.sweep = { counts: this.counts, digests: this.digests };
    return facts;
  }

  private next(): string | undefined {
    const end = this.text.indexOf('\n', this.at);
    if (end < 0) return undefined;
    const line = this.text.slice(this.at, end);
    this.at = end + 1;
    return line;
  }

  private asExpected({ first, count }: Run): void {
    const { expected } = this;
    const [from, to] = [expected?.ends[first - 2] ?? 0, expected?.ends[first + count - 2]];
    if (!expected || first < 1 || count < 1 || to === undefined) throw new Error('a bucket that was not expected');
    const part = expected.stream.subarray(from, to);
    const key = part.toString('latin1', 0, part.indexOf(0));
    this.inOrder(key);
    const lastLine = part.lastIndexOf(10, part.length - 2) + 1;
    this.last = part.toString('latin1', lastLine, part.indexOf(0, lastLine));
    this.parts.push(part);
    this.whole = part.length === expected.stream.length;
    const counts = lineCounts(expected);
    for (let i = first - 1; i < first - 1 + count; i++) {
      this.digests.push(expected.digests[i] ?? '-');
      this.counts.push(counts[i] ?? 0);
      const again = expected.again?.has(i) ?? false;
      if (again) this.hashedAgain(expected, i);
      else this.checked(expected, i);
      this.facts.origins.push(again ? -1 : i);
    }
  }

  private hashedAgain({ stream, ends }: Expected, i: number): void {
    const text = stream.toString('latin1', ends[i - 1] ?? 0, ends[i]);
    for (const [, size] of text.matchAll(/\0f \d+ \d+ \d+ (\d+) [0-9a-f]/g)) {
      this.facts.hashed.files++;
      this.facts.hashed.bytes += Number(size) || 0;
    }
  }

  private checked({ stream, ends, checks }: Expected, i: number): void {
    const files = checks?.get(i);
    if (!files) return;
    const lines = stream.toString('latin1', ends[i - 1] ?? 0, ends[i]).split('\n');
    for (const { line } of files) {
      this.facts.hashed.files++;
      this.facts.hashed.bytes += Number(/\0f \d+ \d+ \d+ (\d+) /.exec(lines[line - 1] ?? '')?.[1]) || 0;
    }
  }

  private bucket(count: number): void {
    const text: string[] = [];
    const stat = createHash('sha256').update(`${this.ask.salt}\n`);
    if (count < 1) throw new Error('not a number of entries');
    if (this.facts.sent.size + count > (this.expected ? mostOthers : mostEntries)) throw new Error('too many entries');
    for (let i = 0; i < count; i++) {
      const line = this.next() ?? '';
      const [key = '', value = '', times = '', more] = line.split('\t', 4);
      const parts = /^([a-zD?]) ([0-7]+) (\d+) (\d+) (\d+|-) ([0-9a-f]{64}|[-?]) ([\w:.,=+-]{1,9000})( .*)?$/.exec(
        value,
      );
      const [mtime = '', ctime, inode] = times.split(' ', 3);
      if (!parts || more !== undefined || !inode || !key.startsWith('/')) throw new Error('not a line of a bucket');
      this.inOrder(key);
      this.last = key;
      this.facts.sent.add(key);
      const [, type, mode, uid, gid, size] = parts;
      const target = parts[8] ?? '';
      stat.update(
        `${key}\t${type} ${mode} ${uid} ${gid} ${size} ${mtime} ${ctime} ${inode}\t${target.slice(1)}\n`,
        'latin1',
      );
      if (type === 'f' && parts[6] !== '?') {
        this.facts.hashed.files++;
        this.facts.hashed.bytes += Number(size) || 0;
      }
      if (parts[7]?.includes('links=')) this.facts.inodes.set(key, `${inode} ${ctime}`);
      if (mtime !== '-') this.facts.modified.set(key, Math.floor(Number(mtime)) || 0);
      text.push(`${key}\0${this.blind ? unreadAttributes(value) : value}\n`);
    }
    this.parts.push(Buffer.from(text.join(''), 'latin1'));
    this.counts.push(count);
    this.digests.push(stat.digest('hex').slice(0, 16));
    this.facts.origins.push(-1);
  }

  private inOrder(key: string): void {
    if (key <= this.last) throw new Error('entries are not in order');
  }

  private sweep(): Sweep {
    const sweep: Sweep = { counts: [], digests: [] };
    for (let line = this.next(); line !== undefined; line = this.next()) {
      const [, count, digest] = /^(\d{1,5}) ([0-9a-f]{16})$/.exec(line) ?? [];
      if (digest === undefined) throw new Error('not a digest of a bucket');
      if (sweep.counts.length === mostEntries) throw new Error('too many buckets');
      sweep.counts.push(Number(count));
      sweep.digests.push(digest);
    }
    return sweep;
  }
}

/** The same value where nothing there can say which attributes a file has, but for the number of its names. */
function unreadAttributes(value: string): string {
  return value.replace(
    /^([fdbc](?: [^ ]+){5}) (?:-|(links=\d+))$/,
    (_, rest, links) => `${rest} ?${links ? `+${links}` : ''}`,
  );
}

function number(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : -1;
}

/** Lines of each bucket, counted once for all instances of which the same is expected. */
const lines = new WeakMap<Expected['ends'], number[]>();

function lineCounts({ stream, ends }: Expected): number[] {
  const known = lines.get(ends);
  if (known) return known;
  const counts = ends.map((end, i) => {
    let count = 0;
    for (let at = ends[i - 1] ?? 0; at < end; at = stream.indexOf(10, at) + 1) count++;
    return count;
  });
  lines.set(ends, counts);
  return counts;
}
