import type { Ask, Sweep } from './ask.ts';
import type { DeedFact } from './deeds.ts';
import type { Gap, GapReason, OsFact, ProcessFact, Shipped, Stream } from './facts.ts';
import type { Running } from './running.ts';

/** What the parsers fill in, probe by probe, before it is put into canonical order. Keys are canonical unless they say raw. */
export class Draft {
  os: OsFact = {
    id: '',
    like: [],
    version: '',
    pretty: '',
    kernel: '',
    arch: '',
    hostname: '',
    imageHints: [],
    identity: '',
    launchKeys: [],
    uid: -1,
  };
  /** Tools that the instance lacks although most questions are put together from them; as it says. */
  lacks: string[] = [];
  root = '';
  /** Directory the program was asked about, latin1: one char a byte, as the program says it. */
  readonly askedRoot: string;
  /** Bytes to take off the front of a path the program says, so that it begins at the image's root. */
  readonly strip: number;
  /** Mounts that were left out: canonical key, type, and whether a container's runtime attached them when it made it. */
  mounts: { path: string; type: string; attached?: true }[] = [];
  /** Probes whose answer is not whole: what they do not mention is unknown, not absent. */
  readonly partial = new Set<string>();
  readAt = 0;
  /** What was asked of the walk over the files; undefined = all of it, without a word about what is expected. */
  ask: Ask | undefined;
  /** Since when files count as modified, epoch seconds. */
  since = 0;
  /** Already encoded `key NUL value` lines, unsorted. */
  fileLines: string[] = [];
  /** Canonical lines already in order, beside `fileLines`: what the walk by buckets brought. */
  fileStream: Stream | undefined;
  /** For a later quick scan. */
  sweep: Sweep | undefined;
  /** For each bucket of the walk: its place among the expected ones, -1 when it was hashed now. */
  origins: number[] = [];
  /** What was hashed in buckets that were sent; undefined when everything was. */
  hashed: { files: number; bytes: number } | undefined;
  /** Bytes of the whole answer. */
  answerBytes = 0;
  /** Files that were changed while they were read. */
  changing = new Set<string>();
  /** `inode ctime` of files that have more than one name. */
  inodes = new Map<string, string>();
  packages = new Map<string, string>();
  /** Raw path as the package database says it -> `package md5|- [conffile]`. */
  owned = new Map<string, string>();
  /** Raw path -> what its package put there, where the database says more than an md5. */
  shipped = new Map<string, Shipped>();
  /** Raw paths (as the database says them) whose content is not what their package installed. */
  altered = new Set<string>();
  accounts = new Map<string, string>();
  shadowUnknown = false;
  contents = new Map<string, string>();
  processes: ProcessFact[] | undefined;
  sockets: Map<string, string> | undefined;
  /** What else only a running system tells. */
  running: Running = {};
  modified = new Map<string, number>();
  newestPackageAt = 0;
  /** What the logs say was done since the image was made, newest first; undefined where they say nothing. */
  deeds: DeedFact[] | undefined;
  gaps: Gap[] = [];

  constructor(askedRoot: string) {
    this.askedRoot = askedRoot;
    this.strip = askedRoot === '/' ? 0 : askedRoot.length;
  }

  /** Notes that a probe's answer is not whole. */
  cut(probe: string, reason: GapReason, detail: string): void {
    this.partial.add(probe);
    this.gap(probe, reason, detail);
  }

  /** Notes a gap; `paths` are canonical keys of what is unknown because of it. */
  gap(probe: string, reason: GapReason, detail: string, paths?: string[]): void {
    this.gaps.push(paths?.length ? { probe, reason, detail, paths } : { probe, reason, detail });
  }
}
