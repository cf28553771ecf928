import type { MakeOutgoing, Transition } from '../../core/notify.ts';
import type { ReportView } from '../../core/report.ts';
import { messagesOf } from '../../notify/message.ts';
import type { ToldState } from '../../notify/tell.ts';
import { transitions } from '../../notify/transitions.ts';
import type { Notifying } from './setup.ts';

/** What a scan leaves to be sent: everything that changed since it was last told. Holds what changed, and no instance. */
export function outgoingOf({ fleet, config, kinds }: Notifying, report: ReportView): MakeOutgoing {
  return (told) => {
    const changes: Transition[] = [];
    const images = new Map<string, number>();
    const at = Date.parse(report.scan.startedAt);
    function* states() {
      for (const look of report.instances) {
        images.set(look.image.ref, (images.get(look.image.ref) ?? 0) + 1);
        // A scan that was stopped says nothing of those that it did not come to.
        if (look.gaps.some(({ reason }) => reason === 'interrupted')) continue;
        const known = told(fleet, look.id);
        // What an older look saw overrules nothing newer.
        if (known && Date.parse(known.seenAt) > at) continue;
        const before = known && (JSON.parse(known.state) as ToldState);
        const { transitions: found, state } = transitions(before, look, report.scan);
        for (const change of found) changes.push(change);
        const text = JSON.stringify(state);
        if (text !== known?.state) yield { instance: look.id, state: text };
      }
    }
    const messages = () =>
      messagesOf(changes, { scan: report.scan, instances: report.instances.length, images }, config, kinds).map(
        ({ key, sink, message }) => ({ key, sink, payload: JSON.stringify(message) }),
      );
    return { fleet, states: states(), messages };
  };
}
