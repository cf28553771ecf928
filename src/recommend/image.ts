import type { Recommendation } from '../core/finding.ts';
import type { ImageReport, InstanceReport } from '../core/report.ts';

/** Fewest instances of an image by which it can be judged with some confidence. */
const few = 3;

/** What to do with an image, by what its instances were recommended and what most of them share. Pure. */
export function recommendImage(
  image: Omit<ImageReport, 'recommendation'>,
  instances: readonly Pick<InstanceReport, 'id' | 'recommendation' | 'verdict'>[],
): Recommendation {
  const to = (action: Recommendation['action']) => instances.filter((one) => one.recommendation.action === action);
  const [investigate, rebake, replace] = [to('investigate'), to('rebake'), to('replace')];
  const judged = image.instances;
  const confidence = judged >= few ? 'high' : judged > 1 ? 'medium' : 'low';
  const of = `of its ${judged} ${judged === 1 ? 'instance' : 'instances'}`;
  if (image.consensus.length > 0 || rebake.length > 0) {
    const first = image.consensus[0];
    const what = first
      ? `${image.consensus.length} ${image.consensus.length === 1 ? 'difference is' : 'differences are'} shared by most ${of} (${first.subject}: ${first.seen})`
      : `${rebake.length} ${of} are at fault as the image is`;
    return {
      action: 'rebake',
      reason: `${what}: bake the change in, or what makes it out, then replace them.`,
      confidence,
    };
  }
  const tampered = investigate.filter(({ verdict }) => verdict === 'snowflake' || verdict === 'violating');
  if (tampered.length > 0)
    return {
      action: 'investigate',
      reason: `${tampered.length} ${of} show tampering: find out by which way in before new ones are launched from it.`,
      confidence: 'medium',
    };
  if (replace.length > 0)
    return {
      action: 'replace',
      reason: `${replace.length} ${of} left the image, each in its own way: the image is good, replace these.`,
      confidence,
    };
  if (investigate.length > 0)
    return {
      action: 'investigate',
      reason: `${investigate.length} ${of} could not be read whole: nothing says that the image is at fault.`,
      confidence: 'low',
    };
  return { action: 'keep', reason: `Every one ${of} is as it was launched.`, confidence };
}
