import type { MakeOutgoing, Transition } from '../../core/notify.ts';
import type { Report } from '../../core/report.ts';
import { messagesOf } from '../../notify/message.ts';
import type { ToldState } from '../../notify/tell.ts';
import { transitions } from '../../notify/transitions.ts';
import type { Notifying } from './setup.ts';

/** What a scan leaves to be sent: everything that changed since it was last told. */
export function outgoingOf({ fleet, config, kinds }: Notifying, report: Report): MakeOutgoing {
  return (told) => {
    const changes: Transition[] = [];
    const states: { instance: string; state: string }[] = [];
    const at = Date.parse(report.scan.startedAt);
    for (const look of report.instances) {
      // A scan that was stopped says nothing of those that it did not come to.
      if (look.gaps.some(({ reason }) => reason === 'interrupted')) continue;
      const known = told(fleet, look.id);
      // What an older look saw overrules nothing newer.
      if (known && Date.parse(known.seenAt) > at) continue;
      const before = known && (JSON.parse(known.state) as ToldState);
      const { transitions: found, state } = transitions(before, look, report.scan);
      changes.push(...found);
      const text = JSON.stringify(state);
      if (text !== known?.state) states.push({ instance: look.id, state: text });
    }
    const messages = messagesOf(changes, report, config, kinds).map(({ key, sink, message }) => ({
      ...{ key, sink, payload: JSON.stringify(message) },
    }));
    return { fleet, states, messages };
  };
}
