import { posix } from 'node:path';
import type { Finding } from '../core/finding.ts';
import { differInCapabilities, differingExtra, hasCapabilities, isSetId } from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case, FileDrift, PackageChanges } from './case.ts';
import { explainedByHome } from './explain-home.ts';
import { explainedBySetting } from './explain-setting.ts';
import { packageOfInfoPath, packageOfPacmanPath } from './info.ts';

/**
 * Files that a change of their package explains: they belonged to it in the image or belong to it now, and their
 * content is what the package installed. A file of a changed package with other content is not explained: an upgrade
 * must not hide a tampered file. Returns the finding of the package.
 */
export function explainedByPackage(the: Case, file: FileDrift, packages: PackageChanges): Finding | undefined {
  const path = file.drift.key;
  const setting = explainedBySetting(the, file, packages);
  if (setting) return setting;
  if (packages.findings.size === 0 || isMightier(file)) return undefined;
  const info = packageOfInfoPath(path);
  // Its scripts are run by dpkg; nothing there runs with other rights by itself.
  if (info) return file.after && isSetId(file.after) ? undefined : packages.findings.get(info);
  const local = packageOfPacmanPath(path);
  if (local) return packages.findings.get(local);
  const source = sourceOfBytecode(path);
  const now = the.live.recent.owner.get(path) ?? (source === undefined ? undefined : the.live.recent.owner.get(source));
  const started = the.live.recent.owner.get(startedBy(the, file) ?? '');
  if (started && file.drift.change === 'added') return packages.findings.get(started);
  const before = file.ownedBy;
  if (now && packages.findings.has(now)) {
    // What the package has now is not gone with it: somebody else removed it.
    if (file.drift.change === 'removed' || the.live.recent.altered.has(path)) return undefined;
    return now.includes(':') && !isLanguages(file, packages) ? undefined : packages.findings.get(now);
  }
  // It belonged to a package that was changed or removed, and is gone with it.
  if (before && file.drift.change === 'removed' && packages.findings.has(before)) return packages.findings.get(before);
  return isLanguages(file, packages) ? explainedByHome(the, file, packages) : undefined;
}

/** May a tool of a language have done it? Not to a file of the distribution, and not with rights of another account. */
function isLanguages({ ownedBy, after }: FileDrift, packages: PackageChanges): boolean {
  if (ownedBy && !packages.findings.has(ownedBy)) return false;
  return !after || !(isSetId(after) || hasCapabilities(after) || after.uid !== '0');
}

/**
 * A package's scripts enable its units and init scripts by links that nobody owns: what such a link starts, where its
 * name says the same. On a merged-usr system the link may say `/lib` for `/usr/lib`.
 */
function startedBy(the: Case, { drift, after }: FileDrift): string | undefined {
  if (after?.type !== 'l') return undefined;
  const unit = /^\/etc\/systemd\/(?:system|user)\/[^/]+\.(?:wants|requires)\/([^/]+)$/.exec(drift.key)?.[1];
  const script = /^\/etc\/rc[0-6S]\.d\/[SK]\d\d([^/]+)$/.exec(drift.key)?.[1];
  const target = posix.resolve(posix.dirname(drift.key), after.link);
  const starts = target.replace(/^\/lib\/(?=systemd\/)/, '/usr/lib/');
  const fits = script === undefined ? unit === posix.basename(target) : target === `/etc/init.d/${script}`;
  // What the image has too was not enabled there, and an upgrade does not enable it.
  return fits && lookup(the.image.files, starts) === undefined ? starts : undefined;
}

/**
 * What Python compiles is nobody's file, but it comes from one: `a/__pycache__/b.cpython-311.pyc` from `a/b.py`
 * (PEP 3147), the directory itself from `a`.
 */
function sourceOfBytecode(path: string): string | undefined {
  const match = /^(.*)\/__pycache__(?:\/([^/]+)\.[a-z]+-[0-9]+(?:\.opt-[12])?\.pyc)?$/.exec(path);
  if (!match) return undefined;
  return match[2] === undefined ? match[1] : `${match[1]}/${match[2]}.py`;
}

/** A package database knows contents, not rights: what runs as somebody else or may be written by more is no upgrade's doing. */
function isMightier({ before, after }: FileDrift): boolean {
  if (!before || !after || after.type === 'l') return false;
  const gained = Number.parseInt(after.mode, 8) & ~Number.parseInt(before.mode, 8);
  if (hasCapabilities(after) && differInCapabilities(before, after)) return true;
  if (differingExtra(before.extra, after.extra).some((name) => name !== 'selinux')) return true;
  return (gained & (after.type === 'f' ? 0o6002 : 0o0002)) !== 0 || after.uid !== before.uid;
}
