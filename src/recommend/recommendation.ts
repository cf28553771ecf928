import {
  type Confidence,
  compareSeverity,
  type Finding,
  isLive,
  type Recommendation,
  type Verdict,
} from '../core/finding.ts';
import type { Standing } from './verdict.ts';

/** What to do with an instance, why, in one sentence, and how sure that is. */
export function recommend(verdict: Verdict, standing: Standing): Recommendation {
  return { ...adviceOf(verdict, standing), confidence: confidenceOf(standing) };
}

type Advice = Omit<Recommendation, 'confidence'>;

/**
 * `low` where nothing could be read or judged, or what was found is slight; `medium` where something in scope was not read or not
 * hashed, or the worst finding is a medium one; else `high`.
 */
export function confidenceOf({ reached, hasManifest, findings, gaps, hashed = 1 }: Standing): Confidence {
  if (!reached || !hasManifest) return 'low';
  const live = findings.filter(isLive);
  if (live.length === 0) return gaps.length > 0 || hashed < 1 ? 'medium' : 'high';
  // What was found stays found, whatever else could not be read.
  const clear = live.some((f) => f.explained || compareSeverity(f.severity, 'high') >= 0);
  return clear ? 'high' : live.some((f) => f.severity === 'medium') ? 'medium' : 'low';
}

function adviceOf(verdict: Verdict, standing: Standing): Advice {
  const live = standing.findings.filter(isLive);
  const worst = live[0];
  const gap = standing.gaps[0];
  switch (verdict) {
    case 'unreachable':
      return {
        action: 'investigate',
        reason: `It could not be read (${gap?.detail ?? 'no answer'}), so nothing is known about it: mend the way in and scan again.`,
      };
    case 'unknown-image':
      return {
        action: 'investigate',
        reason:
          'No manifest is known for the image it was launched from: make one with "snowfence manifest create" and add it, or name it with --image or --manifest.',
      };
    case 'incomplete':
      return {
        action: 'investigate',
        reason: `Nothing that was read differs, but ${count(standing.gaps.length, 'thing')} could not be read (${gap?.detail ?? ''}): scan it again with the rights and tools it takes.`,
      };
    case 'clean':
      return { action: 'keep', reason: 'Everything in scope was read and is as in its image.' };
    default:
      return forLive(live, worst, standing);
  }
}

function forLive(live: Finding[], worst: Finding | undefined, standing: Standing): Advice {
  const tampered = live.filter((f) => f.tamper);
  const subject = worst ? `${worst.subject}` : 'what was found';
  if (tampered.length > 0 && tampered[0]) {
    return {
      action: 'investigate',
      reason: `${count(tampered.length, 'finding')} of tampering (${tampered[0].subject}: ${firstClause(tampered[0].reason)}): take it out of service, keep evidence, then replace it.`,
    };
  }
  if (live.every((f) => f.imageFault)) {
    return {
      action: 'rebake',
      reason: `The image is at fault (${subject}: ${worst ? firstClause(worst.reason) : ''}), so a new instance of it would be no better: bake a sealed one.`,
    };
  }
  if (live.every((f) => f.imageFault || standing.shared(f))) {
    const seen = live.find((f) => !f.imageFault)?.prevalence;
    return {
      action: 'rebake',
      reason: `${seen?.seen ?? ''} of ${seen?.of ?? ''} instances of this image drifted alike (${subject}): put the change into a new image, then replace them.${byAgent(live)}`,
    };
  }
  if (worst && live.every((f) => f.kind === 'instance' && f.disposition === 'violation')) {
    return {
      action: 'replace',
      reason: `Launch a new instance from the image and retire this one: ${worst.subject}, ${firstClause(worst.reason)}.`,
    };
  }
  const others = live.length > 1 ? ` and ${live.length - 1} more` : '';
  return {
    action: 'replace',
    reason: `Launch a new instance from the image and retire this one: ${subject}${others} cannot be rebuilt from the image.${byAgent(live)}`,
  };
}

/** An image that updates its own instances makes them all drift again. */
function byAgent(live: Finding[]): string {
  const agents = [...new Set(live.flatMap(({ agent }) => agent ?? []))];
  if (agents.length === 0) return '';
  return ` By its own logs ${agents.join(' and ')} did it: switch that off in the image, or new instances will drift again.`;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

function firstClause(reason: string): string {
  return reason.split(';')[0] ?? reason;
}
