import { isLive } from '../core/finding.ts';
import type { InstanceReport, ReportFinding, ReportView } from '../core/report.ts';

/** What tells instances that drifted alike, by the fleet's part of the report. */
export interface Alike {
  /** Equal for instances of one image with the same findings, verdict and gaps: such are told once. */
  groupOf(one: InstanceReport): string;
  /** Does most of its image share it? Then it is told with the image. */
  isShared(one: InstanceReport, finding: ReportFinding): boolean;
}

export function alike({ fleet }: Pick<ReportView, 'fleet'>): Alike {
  const clusters = new Map<string, string>();
  const consensus = new Map<string, Set<string>>();
  for (const [i, image] of fleet.entries()) {
    for (const [k, cluster] of image.clusters.entries())
      for (const id of cluster.instances) clusters.set(id, `${i} ${k}`);
    consensus.set(image.image, new Set(image.consensus.map(keyOf)));
  }
  return {
    groupOf(one) {
      const gaps = one.gaps.map(({ probe, reason, detail }) => `${probe} ${reason} ${detail}`);
      const cluster = clusters.get(one.id) ?? (one.findings.some(isLive) ? one.id : '');
      return JSON.stringify([one.image.ref, one.verdict, one.recommendation.action, cluster, gaps]);
    },
    isShared: (one, finding) => isLive(finding) && consensus.get(one.image.ref)?.has(keyOf(finding)) === true,
  };
}

/** What a finding is about, the same on every instance. */
export function keyOf({ kind, change, subject }: Pick<ReportFinding, 'kind' | 'subject'> & { change: string }): string {
  return JSON.stringify([kind, change, subject]);
}
