import type { Notification, Transition } from '../../core/notify.ts';
import { keyOf, type ToldState } from '../../notify/tell.ts';
import { placeOf } from './replaced.ts';

/**
 * A message that was given up, as it is delivered now: alerts of what has ended since are left out. Their ends may have been delivered, and
 * nobody would end them again.
 */
export function revived(payload: string, told: (instance: string) => string | undefined): string {
  const message = JSON.parse(payload) as Notification;
  if (!message.alerts) return payload;
  const alerts = message.alerts.filter((alert) => alert.kind === 'resolved' || isOpen(alert, told));
  return JSON.stringify({ ...message, alerts });
}

/** Is it still as it was told? Of an instance that nothing is known of it is taken to be. */
function isOpen({ about, key, instance: { id } }: Transition, told: (instance: string) => string | undefined): boolean {
  if (about === 'replacement') return told(placeOf(id)) !== 'done';
  const text = told(id);
  if (text === undefined) return true;
  const { findings, conditions, alarm, first } = JSON.parse(text) as ToldState;
  const open = [
    ...findings.map(([finding]) => finding),
    ...conditions,
    ...(alarm ? [`verdict-${alarm}`] : []),
    ...(first ? ['first'] : []),
  ];
  return open.some((what) => keyOf(what, id) === key);
}
