import type { Gap } from '../core/facts.ts';
import { type Finding, isLive, type Severity, type Verdict, verdicts } from '../core/finding.ts';

/** What is known of an instance when it is judged as a whole. */
export interface Standing {
  reached: boolean;
  hasManifest: boolean;
  findings: Finding[];
  gaps: Gap[];
  /** Share of the regular files whose content the verdict rests on, 0-1. */
  hashed?: number;
  /** Do most siblings show the finding too? */
  shared(finding: Finding): boolean;
}

/** All verdicts that hold, in the order in which the first becomes the verdict. */
export function flagsOf(standing: Standing): Verdict[] {
  if (!standing.reached) return ['unreachable'];
  if (!standing.hasManifest) return ['unknown-image'];
  const live = standing.findings.filter(isLive);
  const drift = live.filter((f) => f.disposition === 'drift');
  const holds: Record<Verdict, boolean> = {
    unreachable: false,
    'unknown-image': false,
    snowflake: drift.some((f) => !f.explained && !standing.shared(f)),
    violating: live.some((f) => f.disposition === 'violation'),
    drifted: drift.some((f) => f.explained || standing.shared(f)),
    incomplete: standing.gaps.length > 0,
    clean: live.length === 0 && standing.gaps.length === 0,
  };
  return verdicts.filter((verdict) => holds[verdict]);
}

/** Share of what is left that a finding of a severity takes away; a person can recompute the score from the report. */
export const weights: Record<Severity, number> = { critical: 0.6, high: 0.35, medium: 0.15, low: 0.05, info: 0 };

/**
 * Snowflake score 0-100: 100 x (1 - product of (1 - weight) over the live findings); a finding that most siblings share
 * weighs half, because it says more about the image than about this instance.
 */
export function scoreOf(findings: Finding[], shared: (finding: Finding) => boolean): number {
  const left = findings.filter(isLive).reduce((rest, f) => rest * (1 - weights[f.severity] * (shared(f) ? 0.5 : 1)), 1);
  return Math.round(100 * (1 - left));
}
