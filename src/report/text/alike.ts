import { isLive } from '../../core/finding.ts';
import type { InstanceReport, Report, ReportFinding } from '../../core/report.ts';

/** Instances of one image with the same findings, verdict and gaps: told once. */
export interface Alike {
  /** In the order given; never empty. */
  instances: InstanceReport[];
  first: InstanceReport;
  /** What most instances of the image share; told with the image. */
  shared: ReportFinding[];
}

/** Groups instances that drifted alike. The order of their first members is kept. */
export function alike(instances: readonly InstanceReport[], { fleet }: Pick<Report, 'fleet'>): Alike[] {
  const clusters = new Map<string, string>();
  const consensus = new Map<string, Set<string>>();
  for (const [i, image] of fleet.entries()) {
    for (const [k, cluster] of image.clusters.entries())
      for (const id of cluster.instances) clusters.set(id, `${i} ${k}`);
    consensus.set(image.image, new Set(image.consensus.map(keyOf)));
  }
  const groups = new Map<string, Alike>();
  for (const one of instances) {
    const gaps = one.gaps.map(({ probe, reason, detail }) => `${probe} ${reason} ${detail}`);
    const cluster = clusters.get(one.id) ?? (one.findings.some(isLive) ? one.id : '');
    const key = JSON.stringify([one.image.ref, one.verdict, one.recommendation.action, cluster, gaps]);
    const group = groups.get(key);
    if (group) group.instances.push(one);
    else {
      const common = consensus.get(one.image.ref);
      const shared = one.findings.filter((finding) => isLive(finding) && common?.has(keyOf(finding)));
      groups.set(key, { instances: [one], first: one, shared });
    }
  }
  return [...groups.values()];
}

function keyOf({ kind, change, subject }: Pick<ReportFinding, 'kind' | 'subject'> & { change: string }): string {
  return JSON.stringify([kind, change, subject]);
}
