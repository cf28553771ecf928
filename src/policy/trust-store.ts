import { posix } from 'node:path';
import { escapeName, unescapeName } from '../core/bytes.ts';
import type { Stream } from '../core/facts.ts';
import type { Finding } from '../core/finding.ts';
import { hasCapabilities, parseFileValue } from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import { certificates } from '../state/formats/certificates.ts';
import { Side } from '../state/side.ts';
import type { Case, FileDrift, PackageChanges } from './case.ts';

const store = '/etc/ssl/certs/';
const bundle = `${store}ca-certificates.crt`;
const list = '/etc/ca-certificates.conf';
/** Where packages put the authorities that update-ca-certificates(8) makes a store of. */
const shipped = '/usr/share/ca-certificates/';

/**
 * What update-ca-certificates makes when a package brings or takes authorities belongs to nobody: links to the package's
 * files, the list of them, and the bundle. Each is explained only where all that is new in it is the package's own.
 */
export function explainedByTrustStore(the: Case, file: FileDrift, packages: PackageChanges): Finding | undefined {
  const path = file.drift.key;
  if (packages.changed.size === 0 || !(path.startsWith(store) || path === list)) return undefined;
  const { before, after } = file;
  if (after?.type === 'l') return ownerOf(the, packages, resolve(the.live.files, path));
  if (!after && before?.type === 'l') {
    const target = resolve(the.image.files, path);
    const gone = lookup(the.live.files, target) === undefined;
    return gone ? packages.findings.get(lookup(the.image.owned, target)?.split(' ')[0] ?? '') : undefined;
  }
  const plain = after?.type === 'f' && after.mode === '644' && after.uid === '0' && after.gid === '0';
  const more = Object.keys(after?.extra ?? {}).some((name) => name !== 'selinux' && name !== 'unread');
  if (!plain || hasCapabilities(after) || more) return undefined;
  return path === bundle ? ownerOfBundle(the, packages) : path === list ? ownerOfList(the, packages) : undefined;
}

/** The finding of the changed package that an unaltered file (canonical key) belongs to now. */
function ownerOf(the: Case, packages: PackageChanges, path: string): Finding | undefined {
  const owner = the.live.recent.owner.get(path);
  const ours = owner !== undefined && path.startsWith(shipped) && !the.live.recent.altered.has(path);
  return ours && lookup(the.live.files, path) !== undefined ? packages.findings.get(owner) : undefined;
}

function ownerOfBundle(the: Case, packages: PackageChanges): Finding | undefined {
  const live = new Side(the.live, the.image);
  const text = live.textOf(bundle);
  if (text === undefined) return undefined;
  const known = new Set(authorities(new Side(the.image).textOf(bundle)));
  let finding: Finding | undefined;
  for (const path of the.live.recent.owner.keys()) {
    const owner = ownerOf(the, packages, path);
    if (!owner) continue;
    finding ??= owner;
    for (const authority of authorities(live.textOf(unescapeName(path)))) known.add(authority);
  }
  return authorities(text).every((authority) => known.has(authority)) ? finding : undefined;
}

/** Lines of the list: a path below the directory of shipped ones; `!` in front takes one out of the store. */
function ownerOfList(the: Case, packages: PackageChanges): Finding | undefined {
  const text = new Side(the.live, the.image).textOf(list);
  const old = new Set((new Side(the.image).textOf(list) ?? '').split('\n'));
  if (text === undefined) return undefined;
  const owners = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#') && !old.has(line))
    .map((line) => ownerOf(the, packages, escapeName(`${shipped}${line}`)));
  return owners.every((owner) => owner !== undefined) ? owners[0] : undefined;
}

function authorities(text: string | undefined): string[] {
  const file = { path: bundle, type: 'f', link: '', uid: '0', sha256: '-', account: '' };
  const rest = { nameOf: () => undefined, textAt: () => undefined };
  return text === undefined ? [] : certificates.facts({ ...file, ...rest, text }).map((fact) => fact.subject);
}

/** Where links lead (canonical key); at most as many as there are in a store: by hash, by name, to the file. */
function resolve(files: Stream, start: string): string {
  let path = start;
  for (let links = 0; links < 4; links++) {
    const value = lookup(files, path);
    const file = value === undefined ? undefined : parseFileValue(value);
    if (file?.type !== 'l') return path;
    path = posix.resolve(posix.dirname(path), file.link);
  }
  return path;
}
