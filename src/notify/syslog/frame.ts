import type { Severity } from '../../core/finding.ts';
import type { Notification, NotificationItem } from '../../core/notify.ts';
import { headline, itemLine, moreLine } from '../text.ts';

/** Facilities by name (RFC 5424, 6.2.1). */
export const facilities = {
  ...{ user: 1, daemon: 3, auth: 4, syslog: 5, authpriv: 10, local0: 16, local1: 17, local2: 18, local3: 19 },
  ...{ local4: 20, local5: 21, local6: 22, local7: 23 },
} as const;
export type Facility = keyof typeof facilities;

const notice = 5;
const severityOf: Record<Severity, number> = { critical: 2, high: 3, medium: 4, low: 5, info: 6 };

/** Id of the structured data: 32473 is the number that IANA keeps for examples, for the tool has none of its own. */
const sdId = 'snowfence@32473';

/** Who says it. */
export interface Origin {
  facility: Facility;
  hostname: string;
  appName: string;
}

/** One line of RFC 5424 for each item, and one for the message; UTF-8, in one line each. Pure. */
export function records(message: Notification, origin: Origin): Buffer[] {
  const common = { id: message.id, scan: message.scan.id };
  const more = moreLine(message);
  const all = [
    ...message.items.map((item) =>
      record(
        message,
        origin,
        severityFor(item),
        item.kind.toUpperCase(),
        { ...common, ...dataOf(item) },
        itemLine(item),
      ),
    ),
    record(message, origin, notice, message.kind === 'test' ? 'TEST' : 'SUMMARY', common, headline(message)),
  ];
  if (more) all.push(record(message, origin, notice, 'MORE', common, more));
  return all;
}

function severityFor({ kind, severity }: NotificationItem): number {
  return kind === 'resolved' ? notice : severityOf[severity];
}

function dataOf({ kind, severity, title, seen, of, instances, finding }: NotificationItem): Record<string, string> {
  const [first] = instances;
  return {
    ...{ transition: kind, severity, title, seen: String(seen), of: String(of) },
    ...(first ? { instance: first.name, verdict: first.verdict, recommendation: first.action } : {}),
    ...(seen === 1 && first ? { key: first.key } : {}),
    ...(finding ? { kind: finding.kind, change: finding.change, subject: finding.subject, rule: finding.rule } : {}),
  };
}

function record(
  { at }: Notification,
  { facility, hostname, appName }: Origin,
  severity: number,
  id: string,
  data: Record<string, string>,
  text: string,
): Buffer {
  const params = Object.entries(data).map(([name, value]) => `${name}="${value.replace(/["\\\]]/g, '\\$&')}"`);
  const head = `<${facilities[facility] * 8 + severity}>1 ${at} ${word(hostname, 255)} ${word(appName, 48)} ${process.pid} ${id}`;
  // The byte order mark says that it is UTF-8 (6.4).
  return Buffer.from(`${head} [${sdId} ${params.join(' ')}] \ufeff${text}`, 'utf8');
}

/** Printable ASCII without spaces (6.2.4, 6.2.5); `-` when there is none. */
function word(text: string, most: number): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, most) || '-';
}

/** A datagram that every receiver takes (6.1: 480 bytes must, 2048 should be), cut between characters. */
export function cutTo(bytes: Buffer, most: number): Buffer {
  if (bytes.length <= most) return bytes;
  let end = most;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/** Octet counting (RFC 6587, 3.4.1; RFC 5425, 4.3): nothing in a text can end a message early. */
export function counted(all: Buffer[]): Buffer {
  return Buffer.concat(all.flatMap((bytes) => [Buffer.from(`${bytes.length} `), bytes]));
}
