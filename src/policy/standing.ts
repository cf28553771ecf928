import type { WaiverReport } from '../core/report.ts';
import type { Waiver } from '../schema/policy.ts';

/** A waiver that ends within this time is said to. Milliseconds. */
export const soonMs = 14 * 86_400_000;

/** Where a waiver stands at a time. An expired one is never honoured. */
export function standingOf(
  { starts, expires }: Pick<Waiver, 'starts' | 'expires'>,
  now: number,
): WaiverReport['state'] {
  const end = Date.parse(expires);
  if (!(end > now)) return 'expired';
  if (starts !== undefined && Date.parse(starts) > now) return 'pending';
  return end - now <= soonMs ? 'expiring' : 'active';
}

/** All waivers of the policies in force, with how many findings each covers. `used` counts by id. */
export function waiverReports(
  waivers: readonly Waiver[],
  used: ReadonlyMap<string, number>,
  now: number,
): WaiverReport[] {
  return waivers.map((waiver) => ({
    id: waiver.id,
    owner: waiver.owner,
    reason: waiver.reason,
    ...(waiver.ticket === undefined ? {} : { ticket: waiver.ticket }),
    expires: new Date(waiver.expires).toISOString(),
    state: standingOf(waiver, now),
    used: used.get(waiver.id) ?? 0,
  }));
}
