import type { Finding } from '../core/finding.ts';
import type { ImageReport } from '../core/report.ts';

/** Packages whose skew is told. */
const most = 50;

/**
 * Packages that the instances of an image hold in different versions, and since when: one that changed while running is not
 * as its siblings. Those without a finding hold the image's version.
 */
export class Skew {
  readonly #packages = new Map<
    string,
    { image: string; versions: Map<string, { instances: number; since?: string }> }
  >();

  /** One finding of one instance. */
  add(finding: Finding, firstSeen: (finding: Finding) => string | undefined): void {
    if (finding.kind !== 'package') return;
    const [before, now] = [versionOf(finding.before), versionOf(finding.after)];
    if (before === undefined && now === undefined) return;
    const known = this.#packages.get(finding.subject) ?? { image: before ?? 'none', versions: new Map() };
    this.#packages.set(finding.subject, known);
    const version = known.versions.get(now ?? 'none') ?? { instances: 0 };
    version.instances++;
    const at = firstSeen(finding);
    if (at !== undefined && (version.since === undefined || at < version.since)) version.since = at;
    known.versions.set(now ?? 'none', version);
  }

  /** Most spread first. */
  report(instances: number): NonNullable<ImageReport['skew']> {
    const skew = [...this.#packages].map(([name, { image, versions }]) => {
      const changed = [...versions.values()].reduce((sum, version) => sum + version.instances, 0);
      const rest = instances - changed;
      const all = [...versions].map(([version, of]) => ({ version, ...of }));
      return {
        package: name,
        versions: [...(rest > 0 ? [{ version: image, instances: rest }] : []), ...all.sort(byCount)],
      };
    });
    return skew
      .filter(({ versions }) => versions.length > 1)
      .sort((a, b) => b.versions.length - a.versions.length || (a.package < b.package ? -1 : 1))
      .slice(0, most);
  }
}

function byCount(a: { version: string; instances: number }, b: { version: string; instances: number }): number {
  return b.instances - a.instances || (a.version < b.version ? -1 : 1);
}

function versionOf(side: Finding['after']): string | undefined {
  const version = side?.['version'];
  return typeof version === 'string' ? version : undefined;
}
