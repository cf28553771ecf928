import { compareSeverity, type Severity } from '../core/finding.ts';
import type { Notification, NotificationItem } from '../core/notify.ts';

/** One line that says what a message is about. No control characters: all texts of a notification are printable. */
export function headline({ kind, counts, items, scan, more }: Notification): string {
  if (kind === 'test') return 'snowfence: this is a test message; nothing happened';
  const parts = (['new', 'worse', 'resolved'] as const).flatMap((k) => (counts[k] > 0 ? [`${counts[k]} ${k}`] : []));
  const bad = items.filter((item) => item.kind !== 'resolved').map((item) => item.severity);
  const worst = bad.reduce<Severity | undefined>((a, b) => (a && compareSeverity(a, b) >= 0 ? a : b), undefined);
  const one = items.length === 1 && more === 0 && items[0]?.seen === 1 ? items[0].instances[0]?.name : undefined;
  const where = one ? `on ${one}` : `in a scan of ${scan.instances} instances`;
  return `snowfence: ${parts.join(', ')} ${where}${worst ? ` (worst: ${worst})` : ''}`;
}

/** On whom: `web-1, web-2 and 36 more (38 of 40)`. */
export function whereOf({ instances, seen, of }: NotificationItem, most = 5): string {
  const names = instances.slice(0, most).map(({ name }) => name);
  const rest = seen - names.length;
  const list = rest > 0 ? `${names.join(', ')} and ${rest} more` : names.join(', ');
  return seen > 1 ? `${list} (${seen} of ${of} share this)` : list;
}

/** One item in one line, without its reason. */
export function itemLine(item: NotificationItem): string {
  const was = item.was ? ` (was ${item.was})` : '';
  return `${item.kind.toUpperCase()} ${item.severity}${was}: ${item.title} on ${whereOf(item)}`;
}

/** What is not shown, in words; undefined when all is. */
export function moreLine({ more }: Notification): string | undefined {
  return more > 0 ? `and ${more} more` : undefined;
}

/** The whole message as plain text. */
export function plainText(message: Notification): string {
  const lines = [headline(message), ''];
  for (const item of message.items) {
    lines.push(itemLine(item));
    if (item.reason !== '') lines.push(`    ${item.reason}`);
    const actions = new Set(item.kind === 'resolved' ? [] : item.instances.map(({ action }) => action));
    if (actions.size > 0) lines.push(`    recommended: ${[...actions].join(', ')}`);
  }
  const more = moreLine(message);
  if (more) lines.push(more);
  lines.push('', `scan ${message.scan.id}, ${message.at}; "snowfence history show ${message.scan.id}" has all of it`);
  return `${lines.join('\n')}\n`;
}
