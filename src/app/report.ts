import { display } from '../core/bytes.ts';
import { compareSeverity, type Finding, isLive, severities, type Verdict, verdicts } from '../core/finding.ts';
import type { ImageReport, InstanceReport, Report, ReportFinding } from '../core/report.ts';
import { imageReports, isShared, type Member, withPrevalence } from '../fleet/consensus.ts';
import { controlReports } from '../fleet/controls.ts';
import { type Claim, sharedIdentities } from '../fleet/unique.ts';
import { recommendImage } from '../recommend/image.ts';
import { recommend } from '../recommend/recommendation.ts';
import { flagsOf, scoreOf } from '../recommend/verdict.ts';
import type { Outcome } from './instance.ts';

/** The fleet's part of a report: what is only known when all instances are. Pure. */
export function fleetReport(
  outcomes: Outcome[],
  firstSeen: (outcome: Outcome) => Map<string, string>,
  seenAt: string,
): Pick<Report, 'summary' | 'instances' | 'fleet' | 'controls'> {
  const claims: Claim[] = outcomes.flatMap((o) => o.claims.map((claim) => ({ ...claim, instance: o.instance.id })));
  const shared = sharedIdentities(claims);
  const members = withPrevalence(
    outcomes.map((o) => ({
      id: o.instance.id,
      image: o.manifest?.image.ref ?? '',
      judged: o.reached && o.manifest !== undefined,
      findings: [...o.findings, ...(shared.get(o.instance.id) ?? [])].sort((a, b) =>
        compareSeverity(b.severity, a.severity),
      ),
    })),
  );
  const instances = outcomes.map((o, i) => instanceReport(o, members[i]?.findings ?? [], firstSeen(o), seenAt));
  const snowflakes = new Set(instances.filter((i) => i.flags.includes('snowflake')).map((i) => i.id));
  const audited = outcomes.map((o, i) => ({
    id: o.instance.id,
    judged: o.reached && o.manifest !== undefined,
    findings: members[i]?.findings ?? [],
    gaps: o.gaps,
    evidence: o.evidence ?? new Map(),
  }));
  return {
    summary: summaryOf(instances),
    instances,
    fleet: imagesOf(members, instances, snowflakes),
    controls: controlReports(audited),
  };
}

/** The images of a fleet, each with what is recommended for it. */
function imagesOf(members: Member[], instances: InstanceReport[], snowflakes: Set<string>): ImageReport[] {
  const seen = new Map<string, string>();
  for (const { id, kind, firstSeenAt } of instances.flatMap(({ findings }) => findings))
    if (kind === 'package' && firstSeenAt) seen.set(id, firstSeenAt);
  const byImage = new Map<string, InstanceReport[]>();
  for (const [i, one] of instances.entries()) {
    const image = members[i]?.image ?? '';
    const known = byImage.get(image);
    if (known) known.push(one);
    else byImage.set(image, [one]);
  }
  return imageReports(members, { snowflakes, firstSeen: (_, finding) => seen.get(finding.id) }).map((image) => ({
    ...image,
    recommendation: recommendImage(image, byImage.get(image.image) ?? []),
  }));
}

function instanceReport(
  o: Outcome,
  findings: Finding[],
  firstSeen: Map<string, string>,
  seenAt: string,
): InstanceReport {
  const standing = {
    reached: o.reached,
    hasManifest: o.manifest !== undefined,
    findings,
    gaps: o.gaps,
    hashed: o.coverage.files,
    shared: isShared,
  };
  const flags = flagsOf(standing);
  const verdict = flags[0] ?? 'clean';
  const { instance, manifest } = o;
  return {
    id: instance.id,
    uri: instance.uri,
    name: instance.name,
    group: instance.group,
    labels: instance.labels,
    ...(o.os ? { os: o.os } : {}),
    ...(o.identity ? { identity: display(o.identity).text } : {}),
    ...(o.launchedAt > 0 ? { launchedAt: new Date(o.launchedAt * 1000).toISOString() } : {}),
    ...(o.stateful.length > 0 ? { stateful: o.stateful } : {}),
    image: manifest ? manifest.image : { ref: instance.image ?? '' },
    manifest: manifest ? { digest: manifest.digest } : null,
    verdict,
    flags,
    score: scoreOf(findings, isShared),
    recommendation: recommend(verdict, standing),
    coverage: o.coverage,
    gaps: o.gaps.map(({ probe, reason, detail }) => ({ probe, reason, detail })),
    findings: findings.map(
      ({ explained: _, ...finding }): ReportFinding => ({
        ...finding,
        firstSeenAt: firstSeen.get(finding.id) ?? seenAt,
      }),
    ),
    seconds: Math.round(o.seconds * 1000) / 1000,
  };
}

/** Counts over instances; only live findings count. */
export function summaryOf(instances: InstanceReport[]): Report['summary'] {
  const byVerdict = Object.fromEntries(verdicts.map((v) => [v, 0])) as Record<Verdict, number>;
  const bySeverity = Object.fromEntries([...severities].reverse().map((s) => [s, 0])) as Report['summary']['findings'];
  let gaps = 0;
  for (const instance of instances) {
    byVerdict[instance.verdict]++;
    gaps += instance.gaps.length;
    for (const finding of instance.findings) if (isLive(finding)) bySeverity[finding.severity]++;
  }
  return { instances: byVerdict, findings: bySeverity, gaps };
}
