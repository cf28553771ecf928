import type { MakeOutgoing, Transition } from '../../core/notify.ts';
import type { PlanItem, ReplacePlan } from '../../core/replacement.ts';
import { messagesOf } from '../../notify/message.ts';
import { keyOf, short } from '../../notify/tell.ts';
import type { RunResult } from '../../replace/run.ts';
import type { Notifying } from './setup.ts';

/** Under what it is remembered that a failure was told. */
export const placeOf = (instance: string) => `replacement of ${instance}`;

/** What a run of replacements leaves to be sent: each that failed, and each that came good after a failure that was told. */
export function outgoingOfRun(
  { fleet, config, kinds }: Notifying,
  plan: ReplacePlan,
  result: Pick<RunResult, 'ended' | 'says'> & { run: string },
  at: string,
): MakeOutgoing {
  return (told) => {
    const changes: Transition[] = [];
    const states: { instance: string; state: string }[] = [];
    for (const { item, state, says } of result.ended) {
      const failed = told(fleet, placeOf(item.instance))?.state === 'failed';
      if (state === 'failed') changes.push(transitionOf(item, 'new', at, `${says}. ${result.says}`));
      else if (state === 'done' && failed) changes.push(transitionOf(item, 'resolved', at, says));
      else continue;
      states.push({ instance: placeOf(item.instance), state });
    }
    const images = new Map<string, number>();
    for (const { image } of plan.items) images.set(image.ref, (images.get(image.ref) ?? 0) + 1);
    const { id, finishedAt } = plan.scan;
    const scope = { scan: { id, startedAt: finishedAt, finishedAt }, instances: plan.items.length, images };
    const messages = () =>
      messagesOf(changes, { ...scope, key: result.run }, config, kinds).map(({ key, sink, message }) => ({
        ...{ key, sink },
        payload: JSON.stringify({ ...message, at }),
      }));
    return { fleet, states, messages };
  };
}

function transitionOf(item: PlanItem, kind: 'new' | 'resolved', at: string, reason: string): Transition {
  const { instance: id, uri, name, group, labels, image, verdict } = item;
  return {
    ...{ kind, about: 'replacement', key: keyOf('replacement', id), severity: 'critical', since: at },
    ...(kind === 'resolved' ? { by: 'replacement' as const } : {}),
    title: kind === 'new' ? 'its replacement failed' : 'its replacement came good',
    reason: short(reason, 500),
    verdicts: [verdict],
    instance: {
      ...{ id: short(id), uri: short(uri), name: short(name), group: short(group), image: short(image.ref), verdict },
      labels: Object.fromEntries(Object.entries(labels).map(([k, v]) => [short(k, 100), short(v)])),
      action: 'replace',
    },
  };
}
