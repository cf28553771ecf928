/** What it takes to understand times in logs. */
export interface Clock {
  /** Seconds that the instance's local time is ahead of UTC, when it was read. */
  offset: number;
  /** Epoch seconds on the instance's clock when it was read. */
  readAt: number;
}

/** `+0230`, as date(1) says it, to seconds; what is no such thing is UTC. */
export function offsetOf(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60);
}

const iso = /^(\d{4})-(\d\d)-(\d\d)(?:T| {1,2})(\d\d):(\d\d)(?::(\d\d))?(?:[.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)?(?=$|[ \]])/;
const syslog = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?=$| )/;
const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/**
 * The time that a text begins with, and what follows it: RFC 3339, the same in local time (dpkg, apt, apk), or syslog's
 * `Nov 20 10:00:00`, which has no year: the last one that is not in the future. A local time is read with the offset of
 * now: across a change to summer time it is an hour off.
 */
export function readTime(text: string, { offset, readAt }: Clock): { at: number; rest: string } | undefined {
  const full = iso.exec(text);
  if (full) {
    const [year, month, day, hour, minute, second] = full.slice(1, 7).map((part) => Number(part ?? 0));
    const zone = full[7] === undefined ? offset : full[7] === 'Z' ? 0 : offsetOf(full[7]);
    const at = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second) / 1000 - zone;
    return { at, rest: text.slice(full[0].length) };
  }
  const short = syslog.exec(text);
  const month = months.indexOf(short?.[1] ?? '?') / 3;
  if (!short || !Number.isInteger(month) || month < 0) return undefined;
  const [day, hour, minute, second] = short.slice(2, 6).map(Number);
  const year = new Date((readAt + offset) * 1000).getUTCFullYear();
  const inYear = (y: number) => Date.UTC(y, month, day, hour, minute, second) / 1000 - offset;
  // A day of grace: a clock may have been set back.
  const at = inYear(year) <= readAt + 86_400 ? inYear(year) : inYear(year - 1);
  return { at, rest: text.slice(short[0].length) };
}
