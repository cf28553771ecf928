import type { GroupConfig, GuardConfig, ReplaceConfig } from '../../schema/replace.ts';

const names = [
  'maxCount',
  'maxPercent',
  'minHealthy',
  'minHealthyPercent',
  'parallel',
  'cooldownMinutes',
  'window',
] as const;
type Limits = Pick<GuardConfig, (typeof names)[number]>;

/** What holds where the configuration says nothing: slow, and never the larger half of a group. */
export const defaults = {
  totalMaxCount: 5,
  totalMaxPercent: 20,
  parallel: 1,
  minHealthyPercent: 50,
  cooldownMinutes: 15,
  minAgeMinutes: 60,
  maxScanAgeMinutes: 1440,
  verdicts: ['snowflake', 'violating', 'drifted'],
} as const;

/** Limits of one group: its own, else the guard's. */
export function limitsOf(config: ReplaceConfig, group: string): Limits {
  const own: GroupConfig = Object.hasOwn(config.groups ?? {}, group) ? (config.groups?.[group] ?? {}) : {};
  const guard = config.guard ?? {};
  const found: Partial<Record<keyof Limits, unknown>> = {};
  for (const name of names) if ((own[name] ?? guard[name]) !== undefined) found[name] = own[name] ?? guard[name];
  return found as Limits;
}

/** How many a share of a number is: rounded down, but one always fits, or small fleets could never begin. */
export function shareOf(percent: number, of: number): number {
  return percent === 0 ? 0 : Math.max(1, Math.floor((percent / 100) * of + 1e-9));
}
