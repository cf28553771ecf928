import { clean } from '../cells.ts';
import { changeRows } from '../changes.ts';
import { instanceOf, instanceRows } from '../finding-rows.ts';
import { fleetRows } from '../fleet-rows.ts';
import { findingOf } from '../index-report.ts';
import { current, type State } from '../state.ts';
import { commandsFor } from '../views/finding.ts';

/** What stands under the cursor, as one would paste it: its subject or address, or a command about it. */
function wanted(state: State): { subject?: string | undefined; command?: string | undefined } {
  const screen = current(state);
  const { report, plan } = state;
  const ofFinding = (one?: {
    id: string;
    disposition: 'drift' | 'violation' | 'expected' | 'waived';
    subject: string;
  }) => (one ? { subject: one.subject, command: commandsFor(one)[0] } : {});
  switch (screen.view) {
    case 'fleet': {
      const row = fleetRows(state, screen)[screen.cursor];
      return { subject: row?.entry ? (row.entry.instance?.uri ?? row.entry.id) : row?.image };
    }
    case 'images':
      return { subject: report?.fleet[screen.cursor]?.image };
    case 'image':
      return { subject: report?.fleet[screen.at ?? 0]?.image };
    case 'changes':
      return ofFinding(changeRows(state, screen)[screen.cursor]?.finding);
    case 'finding':
      return ofFinding(findingOf(screen.earlier ? state.before : report, screen.instance, screen.finding)?.finding);
    case 'gap':
      return { subject: instanceOf(state, screen)?.gaps[screen.at ?? 0]?.detail };
    case 'plan':
      return { subject: plan?.plan?.digest };
    case 'instance': {
      const row = instanceRows(state, screen)[screen.cursor];
      if (row?.type === 'finding') return ofFinding(row.finding);
      if (row?.type === 'gap') return { subject: row.gap.detail };
      return { subject: row?.type === 'fact' ? row.value : instanceOf(state, screen)?.uri };
    }
    default:
      return {};
  }
}

/** Asks for a copy. What is copied is clean: a line feed of a target in it would be a command's end where it is pasted. */
export function copyOf(state: State, what: 'subject' | 'command'): State {
  const text = clean(wanted(state)[what] ?? '');
  if (text === '') return { ...state, message: { text: `there is no ${what} here to copy`, bad: true } };
  return { ...state, message: { text: `copied: ${text}`, bad: false }, effects: [{ type: 'copy', text }] };
}
