import { display } from '../core/bytes.ts';
import { type Finding, isLive, severities, type Verdict, verdicts } from '../core/finding.ts';
import type { InstanceReport, Report, ReportFinding, ReportView } from '../core/report.ts';
import { ImageOpinions, isShared } from '../fleet/consensus.ts';
import { ControlBook } from '../fleet/controls.ts';
import type { Keeper } from '../fleet/keeper.ts';
import { sharedIdentities } from '../fleet/unique.ts';
import { recommendImage } from '../recommend/image.ts';
import { recommend } from '../recommend/recommendation.ts';
import { flagsOf, type Standing, scoreOf } from '../recommend/verdict.ts';
import type { Outcome } from './instance.ts';

/** When each live finding of an instance was first seen. */
export type FirstSeen = (outcome: Outcome) => Map<string, string>;

/** What is made of an instance by looking at all of its findings, and is small. */
type Judgement = Pick<InstanceReport, 'id' | 'verdict' | 'flags' | 'score' | 'recommendation'>;

/** The fleet's part of a report, and how often each rule waived something. */
export interface FleetPart extends Pick<ReportView, 'summary' | 'instances' | 'fleet' | 'controls'> {
  waived: Map<string, number>;
}

/**
 * The fleet's part of a report: what is only known when all instances are. Goes through the findings once; the instances are made
 * whenever they are asked for, and kept by nobody. Pure but for its arguments.
 */
export function fleetReport(outcomes: Outcome[], keeper: Keeper, firstSeen: FirstSeen, seenAt: string): FleetPart {
  addShared(outcomes, keeper);
  for (const o of outcomes) if (isJudged(o)) keeper.census.count(imageOf(o), o.numbers);
  const summary = emptySummary();
  const [opinions, controls, waived] = [new ImageOpinions(), new ControlBook(), new Map<string, number>()];
  const byImage = new Map<string, Judgement[]>();
  const judgements = outcomes.map((o): Judgement => {
    const findings = withPrevalence(o, keeper);
    const judgement = judgementOf(o, findings);
    addTo(summary, judgement, o, findings);
    for (const { disposition, rule } of findings)
      if (disposition === 'waived') waived.set(rule, (waived.get(rule) ?? 0) + 1);
    const { id, flags } = judgement;
    const judged = isJudged(o);
    controls.add({ id, judged, findings, gaps: o.gaps, evidence: o.evidence ?? new Map() });
    if (!judged) return judgement;
    const seen = findings.some(({ kind }) => kind === 'package') ? firstSeen(o) : new Map<string, string>();
    opinions.add({
      ...{ id, image: imageOf(o), findings, numbers: o.numbers, snowflake: flags.includes('snowflake') },
      firstSeen: (finding) => seen.get(finding.id) ?? seenAt,
    });
    const siblings = byImage.get(imageOf(o));
    if (siblings) siblings.push(judgement);
    else byImage.set(imageOf(o), [judgement]);
    return judgement;
  });
  return {
    summary,
    instances: {
      length: outcomes.length,
      *[Symbol.iterator]() {
        for (const [i, o] of outcomes.entries())
          yield instanceReport(o, judgements[i] as Judgement, withPrevalence(o, keeper), firstSeen(o), seenAt);
      },
    },
    fleet: opinions.reports().map((image) => ({
      ...image,
      recommendation: recommendImage(image, byImage.get(image.image) ?? []),
    })),
    controls: controls.reports(),
    waived,
  };
}

const isJudged = (o: Outcome) => o.reached && o.manifest !== undefined;
const imageOf = (o: Outcome) => o.manifest?.image.ref ?? '';

/** Identities that several instances have are findings of each of them. */
function addShared(outcomes: Outcome[], keeper: Keeper): void {
  const claims = outcomes.flatMap((o) => o.claims.map((claim) => ({ ...claim, instance: o.instance.id })));
  const shared = sharedIdentities(claims);
  for (const o of outcomes) {
    const more = shared.get(o.instance.id);
    if (more) Object.assign(o, keeper.keep([...o.findings, ...more]));
  }
}

/** The findings of an instance, each with how many of its image show the same. */
function withPrevalence(o: Outcome, { census }: Keeper): Finding[] {
  const judged = isJudged(o);
  let i = 0;
  return Array.from(o.findings, (finding) => {
    const prevalence = judged ? census.prevalence(imageOf(o), o.numbers[i++] ?? -1) : undefined;
    return prevalence ? { ...finding, prevalence } : finding;
  });
}

function judgementOf(o: Outcome, findings: Finding[]): Judgement {
  const standing: Standing = {
    reached: o.reached,
    hasManifest: o.manifest !== undefined,
    findings,
    gaps: o.gaps,
    hashed: o.coverage.files,
    shared: isShared,
  };
  const flags = flagsOf(standing);
  const verdict = flags[0] ?? 'clean';
  return {
    ...{ id: o.instance.id, verdict, flags },
    score: scoreOf(findings, isShared),
    recommendation: recommend(verdict, standing),
  };
}

function instanceReport(
  o: Outcome,
  { verdict, flags, score, recommendation }: Judgement,
  findings: Finding[],
  firstSeen: Map<string, string>,
  seenAt: string,
): InstanceReport {
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
    score,
    recommendation,
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

function emptySummary(): Report['summary'] {
  return {
    instances: Object.fromEntries(verdicts.map((v) => [v, 0])) as Record<Verdict, number>,
    findings: Object.fromEntries([...severities].reverse().map((s) => [s, 0])) as Report['summary']['findings'],
    gaps: 0,
  };
}

/** Only live findings count. */
function addTo(summary: Report['summary'], { verdict }: Judgement, { gaps }: Outcome, findings: Finding[]): void {
  summary.instances[verdict]++;
  summary.gaps += gaps.length;
  for (const finding of findings) if (isLive(finding)) summary.findings[finding.severity]++;
}
