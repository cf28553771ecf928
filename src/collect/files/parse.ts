import { escapeName } from '../../core/bytes.ts';

/** What the parser found out beside the lines themselves. */
export interface FileFacts {
  /** `key NUL type mode uid gid size sha256 caps [link]` per entry, unsorted, latin1. */
  lines: string[];
  /** Canonical key -> mtime, for those newer than the image. */
  modified: Map<string, number>;
  /** Canonical keys of regular files that were seen but whose content could not be read. */
  unhashed: string[];
  /** Canonical keys of directories that may not be read. */
  closed: string[];
  /** Mounts left out: canonical key and file system type. */
  mounts: { path: string; type: string }[];
  /** The walk came to its end, twice. */
  complete: boolean;
  /** Something did not follow the protocol. */
  garbled: boolean;
}

interface Meta {
  type: string;
  mode: string;
  uid: string;
  gid: string;
  size: string;
  mtime: string;
  path: string;
  link: string;
}

const failed = 'h 1 snowfence: not every file of this batch could be hashed\0';
const done = 'h 0\0';
const typeOfBits: Record<number, string> = { 1: 'p', 2: 'c', 4: 'd', 6: 'b', 8: 'f', 10: 'l', 12: 's' };

/**
 * The answer of the files question to canonical lines. The frame is read once as a latin1 string (one char a byte);
 * digests are taken from the bytes. Never throws: what it does not understand is skipped and noted as garbled.
 */
export class FileAnswer {
  readonly facts: FileFacts = {
    lines: [],
    modified: new Map(),
    unhashed: [],
    closed: [],
    mounts: [],
    complete: false,
    garbled: false,
  };
  private readonly bytes: Buffer;
  private readonly text: string;
  private readonly strip: number;
  private at = 0;
  private ends = 0;
  private readonly links = new Map<string, string>();
  private pendingLinks: Meta[] = [];
  private readonly caps = new Map<string, string>();
  private held: { meta: Meta; sha256: string }[] = [];

  /** `root` is the directory the program was asked about (`/` or a directory), so that keys begin at the image's root. */
  constructor(bytes: Buffer, root: string) {
    this.bytes = bytes;
    this.text = bytes.toString('latin1');
    this.strip = root === '/' ? 0 : Buffer.byteLength(root);
  }

  parse(): FileFacts {
    while (this.at < this.text.length) {
      const record = this.record();
      if (record === undefined) break;
      this.take(record);
    }
    this.flush();
    for (const meta of this.pendingLinks) this.emit({ ...meta, link: this.links.get(meta.path) ?? '' }, '-');
    this.facts.complete = this.ends === 2;
    return this.facts;
  }

  /** The next record; undefined (and the end) when it was cut. */
  private record(): string | undefined {
    const end = this.text.indexOf('\0', this.at);
    if (end < 0) {
      this.at = this.text.length;
      this.facts.garbled = true;
      return undefined;
    }
    const record = this.text.slice(this.at, end);
    this.at = end + 1;
    return record;
  }

  private take(record: string): void {
    switch (record.charCodeAt(0)) {
      case 109: {
        const meta = this.meta(record);
        if (meta) this.emit(meta, meta.type === 'f' ? '?' : '-');
        break;
      }
      case 70:
        this.flush();
        this.batch(Number(record.slice(2)));
        break;
      case 99: {
        const space = record.indexOf(' ', 2);
        if (space > 0) this.caps.set(record.slice(space + 1), record.slice(2, space));
        break;
      }
      case 78:
        for (const meta of this.statted(Number(record.slice(2)))) {
          if (meta.type === 'l') this.pendingLinks.push(meta);
          else this.emit(meta, meta.type === 'f' ? '?' : '-');
        }
        break;
      case 108: {
        const target = this.record();
        if (target?.startsWith('>')) this.links.set(record.slice(2), target.slice(1));
        break;
      }
      case 77: {
        const space = record.indexOf(' ', 2);
        if (space > 0)
          this.facts.mounts.push({ type: record.slice(2, space), path: this.key(record.slice(space + 1)) });
        break;
      }
      case 117:
        this.facts.closed.push(this.key(record.slice(2)));
        break;
      case 119:
      case 87:
        this.ends++;
        break;
      default:
        this.facts.garbled = true;
    }
  }

  /** `m y mode uid gid size mtime path` and the link target in the record behind it. */
  private meta(record: string): Meta | undefined {
    const target = this.record();
    if (!target?.startsWith('>')) {
      this.facts.garbled = true;
      return undefined;
    }
    const mode = record.indexOf(' ', 4);
    const uid = record.indexOf(' ', mode + 1);
    const gid = record.indexOf(' ', uid + 1);
    const size = record.indexOf(' ', gid + 1);
    const mtime = record.indexOf(' ', size + 1);
    if (mode < 0 || uid < 0 || gid < 0 || size < 0 || mtime < 0) {
      this.facts.garbled = true;
      return undefined;
    }
    return {
      type: record.slice(2, 3),
      mode: record.slice(4, mode),
      uid: record.slice(mode + 1, uid),
      gid: record.slice(uid + 1, gid),
      size: record.slice(gid + 1, size),
      mtime: record.slice(size + 1, mtime),
      path: record.slice(mtime + 1),
      link: target.slice(1),
    };
  }

  /** `n` names and `n` lines of `stat -c '%f %u %g %s %Y'`; nothing when a name has no line, which makes the batch void. */
  private statted(n: number): Meta[] {
    const names: string[] = [];
    for (let i = 0; i < n; i++) names.push(this.record() ?? '');
    const lines = (this.record() ?? '').split('\n').filter(Boolean);
    if (lines.length !== n) {
      // One of them vanished: the lines cannot be told apart.
      this.facts.garbled ||= n === 0;
      return [];
    }
    return names.flatMap((path, i) => {
      const [bits, uid, gid, size, mtime] = (lines[i] ?? '').split(' ');
      const mode = Number.parseInt(bits ?? '', 16);
      if (!Number.isFinite(mode) || !uid || !gid || !size) return [];
      const type = typeOfBits[mode >> 12] ?? '?';
      return [{ type, mode: (mode & 0o7777).toString(8), uid, gid, size, mtime: mtime ?? '0', path, link: '' }];
    });
  }

  private batch(n: number): void {
    if (!Number.isInteger(n) || n < 1) {
      this.facts.garbled = true;
      return;
    }
    const metas: Meta[] = [];
    if (this.text.startsWith('S\0', this.at)) {
      this.at += 2;
      metas.push(...this.statted(n));
    } else {
      while (this.text.startsWith('m ', this.at)) {
        const record = this.record();
        const meta = record === undefined ? undefined : this.meta(record);
        if (meta) metas.push(meta);
      }
    }
    const head = this.record();
    const match = /^H (\d+) ([bt])$/.exec(head ?? '');
    if (!match) {
      this.facts.garbled = true;
      return;
    }
    const digests = match[2] === 'b' ? this.binary(n) : this.lines(Number(match[1]));
    if (digests && metas.length === n) {
      metas.forEach((meta, i) => {
        this.held.push({ meta, sha256: meta.type === 'f' ? (digests[i] ?? '?') : '-' });
      });
    } else if (n === 1 && metas[0]) this.held.push({ meta: metas[0], sha256: '?' });
  }

  /** Raw digests: void when the trailer does not stand right behind n of them. */
  private binary(n: number): string[] | undefined {
    const end = this.at + n * 32;
    if (this.text.startsWith(done, end)) {
      const hex = this.bytes.toString('hex', this.at, end);
      this.at = end + done.length;
      const digests = new Array<string>(n);
      for (let i = 0; i < n; i++) digests[i] = hex.slice(i * 64, i * 64 + 64);
      return digests;
    }
    const trailer = this.text.indexOf(failed, this.at);
    if (trailer < 0) {
      this.facts.garbled = true;
      this.at = this.text.length;
    } else this.at = trailer + failed.length;
    return undefined;
  }

  /** Hex lines, one a file; coreutils puts a backslash first when it had to escape the name. */
  private lines(n: number): string[] | undefined {
    const lines = (this.record() ?? '').split('\n').filter(Boolean);
    const status = this.record();
    if (status !== 'h 0') return undefined;
    if (n === 0) return new Array<string>(4096).fill('?');
    const digests = lines.map((line) => (line.startsWith('\\') ? line.slice(1, 65) : line.slice(0, 64)));
    return digests.length === n && digests.every((d) => /^[0-9a-f]{64}$/.test(d)) ? digests : undefined;
  }

  /** Capabilities come behind the digests of their batch, so its files wait for them. */
  private flush(): void {
    for (const { meta, sha256 } of this.held) this.emit(meta, sha256);
    this.held = [];
  }

  private key(path: string): string {
    const inside = this.strip ? path.slice(this.strip) : path;
    return escapeName(inside === '' ? '/' : inside.length > 1 && inside.endsWith('/') ? inside.slice(0, -1) : inside);
  }

  private emit(meta: Meta, sha256: string): void {
    const key = this.key(meta.path);
    const size = meta.type === 'f' ? meta.size : '-';
    const capabilities = meta.type === 'f' ? (this.caps.get(meta.path) ?? '-') : '-';
    const link = meta.type === 'l' ? ` ${escapeName(meta.link)}` : '';
    this.facts.lines.push(
      `${key}\0${meta.type} ${meta.mode} ${meta.uid} ${meta.gid} ${size} ${sha256} ${capabilities}${link}`,
    );
    if (sha256 === '?') this.facts.unhashed.push(key);
    if (meta.mtime !== '0') this.facts.modified.set(key, Math.floor(Number(meta.mtime)) || 0);
  }
}
