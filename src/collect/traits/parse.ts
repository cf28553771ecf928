import { display, escapeName } from '../../core/bytes.ts';
import type { Draft } from '../../core/draft.ts';
import type { LibraryFact, ProcessTraits } from '../../core/running.ts';

/** Most of anything that is kept of one process, and most processes that are named for a library. */
const most = 20;
const mostPids = 2000;

/** The answer of the traits question. Lines that do not follow their format are left out: they prove nothing. */
export function parseTraits(records: string[], draft: Draft): void {
  const found = new Traits();
  const limits = new Map<string, number>();
  const paths = (raw: string) => escapeName(draft.strip > 0 && raw.startsWith('/') ? raw.slice(draft.strip) : raw);
  let counted = '';
  let odd = '';
  let sums = '';
  let units = '';
  let scripts = false;
  let groups = false;
  for (const record of records) {
    const lf = record.indexOf('\n');
    const word = lf < 0 ? record : record.slice(0, lf);
    const rest = lf < 0 ? '' : record.slice(lf + 1);
    const variable = /^\/proc\/(\d+)\/environ:(LD_(?:PRELOAD|AUDIT|LIBRARY_PATH))=/.exec(record);
    const limit = /^limit (\/sys\/fs\/cgroup\/.*)\/memory\.(?:max|limit_in_bytes):(\d{1,15})$/s.exec(record);
    const script = /^script (\d+) ([0-9a-f]{64}|)/.exec(record);
    const self = /^self (\d+)$/.exec(record)?.[1];
    if (self) draft.running.self = Number(self);
    else if (variable)
      found.add(Number(variable[1]), 'loader', {
        name: variable[2] ?? '',
        value: escapeName(record.slice(variable[0].length)),
      });
    else if (record === 'limit more') groups = true;
    else if (limit?.[1]) limits.set(limit[1], Number(limit[2]));
    else if (script) {
      const split = rest.indexOf('\n');
      if (split > 0)
        found.add(Number(script[1]), 'files', {
          argument: escapeName(rest.slice(0, split)),
          path: paths(rest.slice(split + 1)),
          sha256: script[2] ?? '',
        });
    } else if (word === 'status') found.status(rest);
    else if (word === 'cgroup') {
      groups ||= /^more$/m.test(rest);
      found.cgroups(rest);
    } else if (word === 'units') units = rest;
    else if (word === 'libraries') counted = rest;
    else if (word === 'odd') odd = rest;
    else if (word === 'sums') sums = rest;
    else if (word === 'more scripts') scripts = true;
  }
  // What hides its program from us hides all of this, too.
  if (draft.gaps.some(({ probe, reason }) => probe === 'processes' && reason === 'permission')) {
    const detail = 'what the processes of others load, run and are told may not be read by this account (root may)';
    draft.gap('traits', 'permission', detail);
  }
  found.units(units);
  found.limit(limits);
  draft.running.traits = found.all;
  const libraries = librariesOf(counted, odd, sums, paths);
  draft.running.libraries = libraries;
  const unread = libraries.filter(
    ({ path, deleted, sha256 }) => deleted && sha256 === '' && !path.startsWith('/memfd:'),
  );
  if (unread.length > 0)
    draft.gap(
      'traits',
      'permission',
      `the content of ${unread.length} libraries that are in use and deleted may not be read (root may): ${unread.length > 1 ? 'one is ' : ''}${display(unread[0]?.path ?? '').text}`,
    );
  if (/^more$/m.test(counted))
    draft.gap('traits', 'limit', 'of more than 20000 files that are mapped as code, the later ones were not looked at');
  if (/^more$/m.test(units))
    draft.gap('traits', 'limit', 'of very many units and their processes, some were not looked at');
  if (groups)
    draft.gap('traits', 'limit', 'of very many control groups, the memory limits of some processes were not looked at');
  if (scripts)
    draft.gap('traits', 'limit', 'of more than 500 interpreters, the scripts of the later ones were not looked at');
  if (odd.split('\n').length >= mostPids)
    draft.gap(
      'traits',
      'limit',
      `of more than ${mostPids} mappings of unusual libraries, the later ones were not looked at`,
    );
}

/** Traits by process, made when there is something to tell. */
class Traits {
  readonly all = new Map<number, ProcessTraits>();

  #of(pid: number): ProcessTraits {
    const known = this.all.get(pid) ?? {};
    this.all.set(pid, known);
    return known;
  }

  add<K extends 'loader' | 'files'>(pid: number, name: K, value: NonNullable<ProcessTraits[K]>[number]): void {
    const traits = this.#of(pid);
    const list = (traits[name] ?? []) as (typeof value)[];
    if (list.length < most) list.push(value);
    traits[name] = list as NonNullable<ProcessTraits[K]>;
  }

  /** `/proc/PID/status:NAME:\tVALUE` lines (proc(5)). */
  status(text: string): void {
    for (const line of text.split('\n')) {
      const [, pid, name, value = ''] = /^\/proc\/(\d+)\/status:([A-Za-z]+):\s+([0-9a-f]+)$/.exec(line) ?? [];
      if (name === 'TracerPid') this.#of(Number(pid)).tracer = Number(value);
      else if (name === 'CapEff' && !isAllCapabilities(value)) this.#of(Number(pid)).capabilities = value;
      else if (name === 'NoNewPrivs') this.#of(Number(pid)).noNewPrivileges = value === '1';
      else if (name === 'Seccomp') this.#of(Number(pid)).seccomp = Number(value);
    }
  }

  /** `/proc/PID/cgroup:0::PATH` (version 2) or `N:memory:PATH` (version 1), see cgroups(7). */
  cgroups(text: string): void {
    for (const line of text.split('\n')) {
      const [, pid, version, path] = /^\/proc\/(\d+)\/cgroup:(0:|\d+:memory):(\/.*)$/.exec(line) ?? [];
      if (path === undefined) continue;
      this.#of(Number(pid)).cgroup = escapeName(version === '0:' ? path : `/memory${path}`);
    }
  }

  /** `UNIT PID PID...` lines. */
  units(text: string): void {
    for (const line of text.split('\n')) {
      const [unit = '', ...pids] = line.split(' ');
      if (!/^[^/]{1,250}\.(?:service|scope)$/.test(unit)) continue;
      for (const pid of pids) if (/^\d{1,10}$/.test(pid)) this.#of(Number(pid)).unit = escapeName(unit);
    }
  }

  /** The smallest limit on the way from a control group to the root; without one the group tells nothing. */
  limit(limits: Map<string, number>): void {
    for (const [pid, traits] of this.all) {
      let path = traits.cgroup ?? '';
      let least: number | undefined;
      for (; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('/')))) {
        const limit = limits.get(`/sys/fs/cgroup${path}`);
        if (limit !== undefined && (least === undefined || limit < least)) least = limit;
      }
      // Version 1 says "no limit" by a number close to 2^63.
      if (least !== undefined && least < 2 ** 52) traits.memoryLimit = least;
      else delete traits.cgroup;
      if (Object.keys(traits).length === 0) this.all.delete(pid);
    }
  }
}

/** A mask of all capabilities that a kernel knows: ones without a hole. */
function isAllCapabilities(mask: string): boolean {
  const bits = BigInt(`0x${mask || '0'}`);
  return bits > 0xff_ffff_ffffn && (bits & (bits + 1n)) === 0n;
}

const deletedMark = ' (deleted)';
/** Mappings that programs make to generate code, or that are no files at all. */
const noLibrary = /^\/(SYSV|dev\/zero$|dev\/dri\/|dev\/nvidia|anon_hugepage|drm mm object|i915|\[)/;

/** `uniq -c` lines of mapped paths, the mappings of the odd ones (proc(5), maps) and their digests. */
function librariesOf(counted: string, odd: string, sums: string, paths: (raw: string) => string): LibraryFact[] {
  // A deleted name may stand for several files: the odd ones are told apart by their inode.
  const found = new Map<string, LibraryFact>();
  const oddNames = new Set<string>();
  const byRange = new Map<string, string>();
  for (const line of odd.split('\n')) {
    const match = /^\/proc\/(\d+)\/maps:([0-9a-f]+)-([0-9a-f]+) \S+ \S+ (\S+ \d+) +(\/.*)$/.exec(line);
    const [, pid, from, to, inode, name = ''] = match ?? [];
    const key = `${name}\0${inode}`;
    const library = match && (found.get(key) ?? libraryOf(name, paths));
    if (!library) continue;
    found.set(key, library);
    oddNames.add(name);
    library.mappings++;
    if (!library.pids.includes(Number(pid)) && library.pids.length < most * 5) library.pids.push(Number(pid));
    byRange.set(`/proc/${pid}/map_files/${bare(from)}-${bare(to)}`, key);
  }
  for (const line of counted.split('\n')) {
    const [, mappings, name = ''] = /^ *(\d+) (\/.*)$/.exec(line) ?? [];
    const library = mappings && !oddNames.has(name) ? libraryOf(name, paths) : undefined;
    if (library) found.set(name, { ...library, mappings: Number(mappings) });
  }
  for (const line of sums.split('\n')) {
    const [, sha256 = '', range = ''] =
      /^\\?([0-9a-f]{64}) [ *](\/proc\/\d+\/map_files\/[0-9a-f]+-[0-9a-f]+)$/.exec(line) ?? [];
    const key = byRange.get(range);
    if (key === undefined) continue;
    // A file is hashed once, under whichever of its names.
    const inode = key.slice(key.lastIndexOf('\0'));
    for (const [other, library] of found) if (other.endsWith(inode)) library.sha256 ||= sha256;
  }
  return [...found.values()];
}

/** A mapped file by the name that the kernel writes, where a line feed is \012; undefined for what is none. */
function libraryOf(name: string, paths: (raw: string) => string): LibraryFact | undefined {
  const raw = name.replaceAll('\\012', '\n');
  const deleted = raw.endsWith(deletedMark);
  const path = deleted ? raw.slice(0, -deletedMark.length) : raw;
  return noLibrary.test(path) ? undefined : { path: paths(path), deleted, pids: [], mappings: 0, sha256: '' };
}

function bare(hex = ''): string {
  return hex.replace(/^0+(?=.)/, '');
}
