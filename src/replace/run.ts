import type { JournalRow, Permit, PlanItem, RunRow } from '../core/replacement.ts';
import type { ReplaceConfig } from '../schema/replace.ts';
import { mayBegin } from './next.ts';
import { type Ended, type Hands, replaceOne } from './one.ts';

/** A run that the journal has and whose groups it holds. */
export interface Run {
  id: string;
  items: readonly { item: PlanItem; permit: Permit }[];
  /** What was written before, when it is resumed. */
  rows: readonly JournalRow[];
  config: ReplaceConfig;
}

/** How a run ended. */
export interface RunResult {
  state: RunRow['state'];
  /** One sentence or two: why it ended so, and what to do. */
  says: string;
  ended: Ended[];
  /** Instances that were not begun. */
  left: string[];
}

/**
 * Replaces the instances of an approved plan in their order, as many at once as the limits say. The first failure stops the
 * rest: what was begun is finished, nothing new is. `stop` is asked before each beginning (kill file, window, abort).
 */
export async function runPlan(run: Run, hands: Hands, stop: () => string | undefined): Promise<RunResult> {
  const known = new Set(run.rows.map(({ instance }) => instance));
  // What a dead process had begun goes first, and whatever the limits say now: it is under way already.
  const waiting = [
    ...run.items.filter(({ item }) => known.has(item.instance)),
    ...run.items.filter(({ item }) => !known.has(item.instance)),
  ];
  const underWay = new Map<PlanItem, Promise<Ended>>();
  const ended: Ended[] = [];
  let halt: string | undefined;
  for (;;) {
    for (let i = 0; i < waiting.length && halt === undefined; ) {
      const next = waiting[i] as (typeof waiting)[number];
      const begun = known.has(next.item.instance);
      halt = begun ? undefined : hands.signal.aborted ? 'interrupted' : stop();
      if (halt !== undefined) break;
      if (!begun && !mayBegin(next.item, [...underWay.keys()], run.config)) {
        i++;
        continue;
      }
      waiting.splice(i, 1);
      underWay.set(next.item, replaceOne(next.item, next.permit, run.id, run.rows, hands));
    }
    if (underWay.size === 0) break;
    const one = await Promise.race(underWay.values());
    underWay.delete(one.item);
    ended.push(one);
    if (one.state === 'failed') halt ??= `${one.item.name} failed (${one.says})`;
    if (one.state === 'interrupted') halt ??= 'interrupted';
  }
  return { ...conclude(run, ended, halt, hands), ended, left: waiting.map(({ item }) => item.instance) };
}

function conclude(
  run: Run,
  ended: readonly Ended[],
  halt: string | undefined,
  hands: Hands,
): Pick<RunResult, 'state' | 'says'> {
  const done = ended.filter(({ state }) => state === 'done').length;
  const of = `${done} of ${run.items.length} replaced and verified`;
  const failed = ended.find(({ state }) => state === 'failed');
  if (failed)
    return { state: 'failed', says: `${of}; ${failed.item.name} failed at ${failed.says}. ${advice(failed, hands)}` };
  if (halt === 'interrupted')
    return { state: 'running', says: `${of}; interrupted: "snowfence replace resume ${run.id.slice(0, 8)}" goes on` };
  if (halt !== undefined) return { state: 'stopped', says: `${of}; stopped: ${halt}` };
  return { state: 'done', says: of };
}

/** What to do about an image whose new instance is no better: roll back to the last one that was, or bake another. */
function advice({ item, image }: Ended, { journal }: Hands): string {
  if (!image) return 'The rest was left alone.';
  const last = journal
    .verifiedImages(item.group)
    .find(({ ref, digest }) => ref !== item.image.ref || digest !== item.image.digest);
  const back = last
    ? `roll back to ${last.ref}, whose new instances verified clean (last at ${last.at})`
    : 'no other image of this group is known to have verified clean';
  return `The rest was left alone: the image ${item.image.ref} may be at fault. Rebake it, or ${back}.`;
}
