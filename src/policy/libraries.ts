import { display } from '../core/bytes.ts';
import type { ProcessFact } from '../core/facts.ts';
import type { Attributes, Finding, Severity } from '../core/finding.ts';
import type { LibraryFact } from '../core/running.ts';
import { parseFileValue } from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case, PackageChanges } from './case.ts';
import { makeFinding } from './make.ts';
import { seenProcesses } from './processes.ts';

export const controls = ['NIST 800-53 CM-7', 'NIST 800-53 SI-7'];

/** Places that everybody may write to: nobody installs software there. */
export const open = /^\/(tmp|var\/tmp|dev|run)\//;

/** Neither a file of the image nor one that a changed package installed. */
export function isForeign(the: Case, path: string, packages: PackageChanges): boolean {
  if (!path.startsWith('/') || lookup(the.image.files, path) !== undefined) return false;
  const owner = the.live.recent.owner.get(path);
  return !owner || !packages.findings.has(owner) || the.live.recent.altered.has(path);
}

/** A change of the package that owns, or owned, the file explains that an old one is still in use: a restart is due. */
function needsRestart(the: Case, path: string, packages: PackageChanges): boolean {
  const owner = the.live.recent.owner.get(path) ?? lookup(the.image.owned, path)?.split(' ')[0];
  return owner !== undefined && packages.findings.has(owner);
}

/** Most files that a package's finding names as still in use. */
const mostStale = 10;

/** Files of changed packages that are in use as they were before: package -> paths. Whoever has them is to be restarted. */
export function staleOf(the: Case, packages: PackageChanges): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const gone = [
    ...(the.live.running?.libraries ?? []),
    ...(the.live.processes ?? []).map(({ exe, deleted }) => ({ path: exe, deleted })),
  ];
  for (const path of new Set(gone.flatMap(({ path, deleted }) => (deleted ? [path] : [])))) {
    const owner = the.live.recent.owner.get(path) ?? lookup(the.image.owned, path)?.split(' ')[0];
    if (owner === undefined || !packages.findings.has(owner)) continue;
    const paths = found.get(owner) ?? [];
    if (paths.length < mostStale) found.set(owner, [...paths, display(path).text]);
  }
  return found;
}

/** Finding of a mapped file that is not the image's; undefined when it is, or when a package or the file itself tells it. */
export function judgeLibrary(
  the: Case,
  library: LibraryFact,
  processes: Map<number, ProcessFact>,
  packages: PackageChanges,
): Finding | undefined {
  const { path, deleted, sha256 } = library;
  const users = library.pids.flatMap((pid) => processes.get(pid) ?? []);
  // A program is mapped too, and judged as a process.
  const programs = new Set((the.live.processes ?? []).map(({ exe }) => exe));
  if (programs.has(path)) return undefined;
  if (path.startsWith('/memfd:'))
    return libraryFinding(
      the,
      library,
      users,
      'critical',
      'process/library-in-memory',
      'code is loaded from memory and has no file',
    );
  const value = lookup(the.image.files, path);
  if (!deleted) {
    if (!isForeign(the, path, packages)) return undefined;
    const severity = open.test(path) ? 'critical' : 'high';
    return libraryFinding(
      the,
      library,
      users,
      severity,
      'process/library',
      'a library is loaded that is not a file of the image',
    );
  }
  const original = value === undefined ? undefined : parseFileValue(value).sha256;
  if (original !== undefined && (sha256 === '' || original === '?' || original === sha256)) return undefined;
  if (needsRestart(the, path, packages)) return undefined;
  const reason =
    original === undefined
      ? 'a library is loaded whose file was deleted, and the image never had it'
      : 'a library is loaded whose file was replaced, and its content was not that of the image';
  return libraryFinding(the, library, users, 'critical', 'process/library-deleted', reason);
}

function libraryFinding(
  the: Case,
  { path, deleted, mappings, sha256 }: LibraryFact,
  users: ProcessFact[],
  severity: Severity,
  rule: string,
  reason: string,
): Finding {
  const names = [...new Set(users.map(({ exe }) => display(exe).text))];
  const by = names.length > 0 ? `, by ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' and others' : ''}` : '';
  const after: Attributes = {
    ...(users.length > 0 ? seenProcesses(users) : { processes: mappings }),
    deleted,
    ...(sha256 ? { sha256 } : { sha256: 'unknown' }),
  };
  // What the image has, an `allow` rule must not replace; nor does it cover what has no file.
  const allowable = !path.startsWith('/memfd:') && lookup(the.image.files, path) === undefined;
  return whitelisted(the, path, allowable, `library ${path}`, {
    severity,
    rule,
    reason: `${reason}${by}`,
    tamper: severity === 'critical',
    explains: Math.max(0, users.length - 1),
    after,
  });
}

type Parts = { severity: Severity; rule: string; reason: string; tamper: boolean; explains: number; after: Attributes };

/** A violation, unless an `allow` rule for processes may permit it, and one does. */
export function whitelisted(the: Case, path: string, allowable: boolean, subject: string, parts: Parts): Finding {
  const allowed = allowable
    ? the.policy.allow.find((r) => r.rule.fact === 'process' && r.matches({ executable: path }))
    : undefined;
  return makeFinding(the.instance.id, 'process', 'violates', subject, {
    ...parts,
    disposition: allowed ? 'expected' : 'violation',
    ...(allowed ? { rule: allowed.rule.id, reason: allowed.rule.reason } : {}),
    controls,
  });
}
