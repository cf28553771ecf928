import type { Finding } from '../core/finding.ts';
import type { Case, PackageChanges } from './case.ts';
import type { FileDrift } from './files.ts';
import { packageOfInfoPath } from './info.ts';

/**
 * Files that a change of their package explains: they belonged to it in the image or belong to it now, and their
 * content is what the package installed. A file of a changed package with other content is not explained: an upgrade
 * must not hide a tampered file. Returns the finding of the package.
 */
export function explainedByPackage(the: Case, file: FileDrift, packages: PackageChanges): Finding | undefined {
  if (packages.changed.size === 0) return undefined;
  const path = file.drift.key;
  const info = packageOfInfoPath(path);
  if (info) return packages.findings.get(info);
  const now = the.live.recent.owner.get(path);
  const before = file.ownedBy;
  if (now && packages.findings.has(now))
    return the.live.recent.altered.has(path) ? undefined : packages.findings.get(now);
  // It belonged to a package that was changed or removed, and is gone with it.
  if (before && file.drift.change === 'removed') return packages.findings.get(before);
  return undefined;
}
