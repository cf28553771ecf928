import type { Finding } from '../core/finding.ts';
import type { ImageReport } from '../core/report.ts';
import type { Census } from './census.ts';
import type { Member } from './consensus.ts';

/** Most that are listed of an image, the farthest first. */
const most = 100;

/**
 * How far each instance is from what most of its siblings share: of all live findings that it or they have, the share that
 * only one side has (Jaccard distance). 0 = like most; 1 = nothing in common. Those at 0 are left out. Farthest first.
 */
export function outliersOf(
  siblings: readonly Member[],
  census: Census,
  shared: ReadonlySet<number>,
): NonNullable<ImageReport['outliers']> {
  const far: NonNullable<ImageReport['outliers']> = [];
  for (const member of siblings) {
    const live = new Set<number>();
    for (const i of member.findings.keys()) {
      const number = census.numberOf(member, i);
      if (number >= 0) live.add(number);
    }
    const common = [...live].filter((number) => shared.has(number)).length;
    const own = live.size - common;
    const missing = shared.size - common;
    if (own + missing === 0) continue;
    const distance = (own + missing) / (live.size + missing);
    far.push({ instance: member.id, own, missing, distance: Math.round(distance * 1000) / 1000 });
  }
  far.sort((a, b) => b.distance - a.distance || b.own - a.own || (a.instance < b.instance ? -1 : 1));
  return far.slice(0, most);
}

/** Packages whose skew is told. */
const mostPackages = 50;

/**
 * Packages that the instances of an image hold in different versions, and since when: one that changed while running is not
 * as its siblings. Those without a finding hold the image's version. Most spread first.
 */
export function skewOf(
  siblings: readonly Member[],
  firstSeen: (member: Member, finding: Finding) => string | undefined,
): NonNullable<ImageReport['skew']> {
  const packages = new Map<string, { image: string; versions: Map<string, { instances: number; since?: string }> }>();
  for (const member of siblings) {
    for (const finding of member.findings) {
      if (finding.kind !== 'package') continue;
      const [before, now] = [versionOf(finding.before), versionOf(finding.after)];
      if (before === undefined && now === undefined) continue;
      const known = packages.get(finding.subject) ?? { image: before ?? 'none', versions: new Map() };
      packages.set(finding.subject, known);
      const version = known.versions.get(now ?? 'none') ?? { instances: 0 };
      version.instances++;
      const at = firstSeen(member, finding);
      if (at !== undefined && (version.since === undefined || at < version.since)) version.since = at;
      known.versions.set(now ?? 'none', version);
    }
  }
  const skew = [...packages].map(([name, { image, versions }]) => {
    const changed = [...versions.values()].reduce((sum, { instances }) => sum + instances, 0);
    const rest = siblings.length - changed;
    const all = [...versions].map(([version, of]) => ({ version, ...of }));
    return {
      package: name,
      versions: [...(rest > 0 ? [{ version: image, instances: rest }] : []), ...all.sort(byCount)],
    };
  });
  return skew
    .filter(({ versions }) => versions.length > 1)
    .sort((a, b) => b.versions.length - a.versions.length || (a.package < b.package ? -1 : 1))
    .slice(0, mostPackages);
}

function byCount(a: { version: string; instances: number }, b: { version: string; instances: number }): number {
  return b.instances - a.instances || (a.version < b.version ? -1 : 1);
}

function versionOf(side: Finding['after']): string | undefined {
  const version = side?.['version'];
  return typeof version === 'string' ? version : undefined;
}
