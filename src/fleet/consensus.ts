import type { Finding } from '../core/finding.ts';
import { isLive } from '../core/finding.ts';
import type { ImageReport } from '../core/report.ts';

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

/** A finding without the instance it was found on: two instances with the same signature drifted alike. */
export function signature(finding: Finding): string {
  const after = finding.after ?? {};
  // What a file says is compared by what it says: the rest of the file may be each instance's own.
  const value =
    after['file'] === undefined
      ? (after['sha256'] ?? after['version'] ?? after['link'] ?? '')
      : [after['value'] ?? ''].flat().join('\n');
  return [finding.kind, finding.change, finding.subject, value].join('\0');
}

/** Adds to each live finding how many instances of its image show the same. Mutates nothing. */
export function withPrevalence(members: Member[]): Member[] {
  const groups = new Map(
    [...byImage(members)].map(([image, siblings]) => [image, { seen: countSignatures(siblings), of: siblings.length }]),
  );
  return members.map((member) => {
    const group = groups.get(member.image);
    if (!member.judged || !group) return member;
    const findings = member.findings.map((finding) =>
      isLive(finding)
        ? { ...finding, prevalence: { seen: group.seen.get(signature(finding)) ?? 1, of: group.of } }
        : finding,
    );
    return { ...member, findings };
  });
}

/** Do most siblings show it too, among enough of them to say so? */
export function isShared(finding: Finding): boolean {
  const { seen = 1, of = 1 } = finding.prevalence ?? {};
  return of >= quorum && seen > of / 2;
}

/** Per image: what most share, who drifted alike, who stands out. */
export function imageReports(members: Member[], snowflakes: Set<string>): ImageReport[] {
  return [...byImage(members)].map(([image, siblings]) => {
    const first = new Map<string, Finding>();
    const clusters = new Map<string, string[]>();
    for (const member of siblings) {
      const live = member.findings.filter(isLive);
      for (const finding of live) if (!first.has(signature(finding))) first.set(signature(finding), finding);
      if (live.length === 0) continue;
      const key = live.map(signature).sort().join('\n');
      clusters.set(key, [...(clusters.get(key) ?? []), member.id]);
    }
    return {
      image,
      instances: siblings.length,
      consensus: [...first.values()].filter(isShared).map(({ kind, change, subject, prevalence }) => ({
        kind,
        change,
        subject,
        seen: prevalence?.seen ?? 1,
        of: prevalence?.of ?? 1,
      })),
      clusters: [...clusters].map(([key, instances]) => ({ findings: key.split('\n').length, instances })),
      snowflakes: siblings.filter((m) => snowflakes.has(m.id)).map((m) => m.id),
    };
  });
}

function byImage(members: Member[]): Map<string, Member[]> {
  const groups = new Map<string, Member[]>();
  for (const member of members) {
    if (!member.judged) continue;
    const group = groups.get(member.image);
    if (group) group.push(member);
    else groups.set(member.image, [member]);
  }
  return groups;
}

function countSignatures(members: Member[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const member of members) {
    for (const key of new Set(member.findings.filter(isLive).map(signature)))
      counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
