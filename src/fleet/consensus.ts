import type { Finding } from '../core/finding.ts';
import type { ImageReport } from '../core/report.ts';
import { Census } from './census.ts';
import { outliersOf, skewOf } from './outliers.ts';

/** One judged instance as the fleet sees it. */
export interface Member {
  id: string;
  image: string;
  /** Read and judged (not unreachable, not without manifest). */
  judged: boolean;
  findings: Finding[];
}

/** Fewest instances of one image among which "most of them" means something. */
const quorum = 3;

/** Adds to each live finding how many instances of its image show the same. Mutates nothing. */
export function withPrevalence(members: Member[]): Member[] {
  const census = new Census(members);
  return members.map((member) => {
    if (!member.judged) return member;
    const findings = member.findings.map((finding, i) => {
      const number = census.numberOf(member, i);
      return number < 0 ? finding : { ...finding, prevalence: census.prevalence(member.image, number) };
    });
    return { ...member, findings };
  });
}

/** Do most siblings show it too, among enough of them to say so? */
export function isShared(finding: Finding): boolean {
  const { seen = 1, of = 1 } = finding.prevalence ?? {};
  return of >= quorum && seen > of / 2;
}

/** What a fleet's opinion of an image rests on, beside its members. */
export interface ImageContext {
  /** Ids of the instances with verdict `snowflake`. */
  snowflakes: ReadonlySet<string>;
  /** When a scan of the member saw the finding first, RFC 3339 UTC. */
  firstSeen(member: Member, finding: Finding): string | undefined;
}

/** Per image: what most share, who drifted alike, who stands out and how far. Without a recommendation, which is another's. */
export function imageReports(
  members: Member[],
  { snowflakes, firstSeen }: ImageContext,
): Omit<ImageReport, 'recommendation'>[] {
  const census = new Census(members);
  return [...census.images].map(([image, siblings]) => {
    const shared = new Map<number, Finding>();
    const clusters = new Map<string, { findings: number; instances: string[] }>();
    for (const member of siblings) {
      let live = 0;
      for (const [i, finding] of member.findings.entries()) {
        const number = census.numberOf(member, i);
        if (number < 0) continue;
        live++;
        if (!shared.has(number) && isShared(finding)) shared.set(number, finding);
      }
      if (live === 0) continue;
      const key = census.cluster(member);
      const cluster = clusters.get(key) ?? { findings: live, instances: [] };
      cluster.instances.push(member.id);
      clusters.set(key, cluster);
    }
    return {
      image,
      instances: siblings.length,
      consensus: [...shared.values()].map(({ kind, change, subject, prevalence }) => ({
        kind,
        change,
        subject,
        seen: prevalence?.seen ?? 1,
        of: prevalence?.of ?? 1,
      })),
      clusters: [...clusters.values()],
      snowflakes: siblings.filter((m) => snowflakes.has(m.id)).map((m) => m.id),
      outliers: outliersOf(siblings, census, new Set(shared.keys())),
      skew: skewOf(siblings, firstSeen),
    };
  });
}
