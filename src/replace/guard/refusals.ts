import type { PlanItem, Refusal } from '../../core/replacement.ts';
import type { Report } from '../../core/report.ts';
import { isOpen } from '../../core/window.ts';
import type { ReplaceConfig } from '../../schema/replace.ts';
import { whyKept } from './eligible.ts';
import { defaults, limitsOf, shareOf } from './limits.ts';

/** What the guard looks at beside the plan and the configuration. */
export interface Circumstances {
  /** Milliseconds since the epoch. */
  now: number;
  /** Why everything is stopped (kill file, SNOWFENCE_STOP); undefined when nothing is. */
  stopped?: string;
  /** When a replacement in a group last began, RFC 3339; undefined = never. */
  lastStarted(group: string): string | undefined;
}

type Fleet = Pick<Report, 'instances' | 'scan'>;
type Item = Pick<PlanItem, 'group' | 'instance' | 'wholeGroup'>;

/** All limits that a plan is over, with their numbers; none = it may be done. Pure. */
export function refusalsOf(items: readonly Item[], fleet: Fleet, config: ReplaceConfig, the: Circumstances): Refusal[] {
  if (items.length === 0) return [];
  const groups = [...new Set(items.map(({ group }) => group))];
  return [
    ...ofTime(groups, fleet, config, the),
    ...ofTotal(items, fleet, config),
    ...groups.flatMap((group) => ofGroup(group, items, fleet, config, the)),
    ...groups.flatMap((group) => ofWhole(group, items, fleet, config)),
  ];
}

function ofTime(groups: readonly string[], { scan }: Fleet, config: ReplaceConfig, the: Circumstances): Refusal[] {
  const refusals: Refusal[] = [];
  if (the.stopped !== undefined)
    refusals.push({ limit: 'guard.killFile', says: `everything is stopped: ${the.stopped}` });
  if (scan.partial) refusals.push({ limit: 'scan', says: 'the scan was interrupted: scan again' });
  const oldest = config.guard?.maxScanAgeMinutes ?? defaults.maxScanAgeMinutes;
  const minutes = Math.floor((the.now - Date.parse(scan.finishedAt)) / 60_000);
  if (minutes > oldest)
    refusals.push({
      limit: 'guard.maxScanAgeMinutes',
      says: `the scan is ${minutes} minutes old, at most ${oldest} are allowed: scan again`,
    });
  for (const group of groups) {
    const { window } = limitsOf(config, group);
    if (window && !isOpen(window, the.now))
      refusals.push({
        limit: 'window',
        group,
        says: `its window is closed: ${window.days?.join(', ') ?? 'every day'} ${window.from}-${window.to} ${window.zone}`,
      });
  }
  return refusals;
}

function ofTotal(items: readonly Item[], { instances }: Fleet, { guard = {} }: ReplaceConfig): Refusal[] {
  const { maxCount = defaults.totalMaxCount, maxPercent = defaults.totalMaxPercent } = guard.total ?? {};
  const count = [...new Set(items.map(({ group }) => group))].reduce((sum, g) => sum + countOf(g, items, instances), 0);
  return over('guard.total', count, instances.length, maxCount, maxPercent);
}

/** Instances of a group that a plan replaces: all of them where a driver can do no less. */
function countOf(group: string, items: readonly Item[], instances: Fleet['instances']): number {
  const mine = items.filter((item) => item.group === group);
  if (!mine.some(({ wholeGroup }) => wholeGroup)) return mine.length;
  return instances.filter((instance) => instance.group === group).length;
}

function over(
  limit: string,
  count: number,
  of: number,
  maxCount: number | undefined,
  maxPercent: number | undefined,
  group?: string,
): Refusal[] {
  const about = group === undefined ? {} : { group };
  const refusals: Refusal[] = [];
  if (maxCount !== undefined && count > maxCount)
    refusals.push({
      limit: `${limit}.maxCount`,
      ...about,
      says: `${count} instances, at most ${maxCount} are allowed`,
    });
  if (maxPercent !== undefined && count > shareOf(maxPercent, of))
    refusals.push({
      limit: `${limit}.maxPercent`,
      ...about,
      says: `${count} of ${of} instances are ${Math.round((1000 * count) / of) / 10} %, at most ${maxPercent} % (${shareOf(maxPercent, of)}) are allowed`,
    });
  return refusals;
}

function ofGroup(
  group: string,
  items: readonly Item[],
  { instances }: Fleet,
  config: ReplaceConfig,
  the: Circumstances,
): Refusal[] {
  const limits = limitsOf(config, group);
  const count = countOf(group, items, instances);
  const members = instances.filter((instance) => instance.group === group);
  const refusals = over('guard', count, members.length, limits.maxCount, limits.maxPercent, group);
  const healthy = members.filter(({ verdict }) => verdict !== 'unreachable').length;
  const away = Math.min(
    count,
    limits.parallel ?? defaults.parallel,
    config.guard?.total?.parallel ?? defaults.parallel,
  );
  const least = leastHealthy(limits, members.length);
  if (healthy - away < least)
    refusals.push({
      limit: limits.minHealthy === undefined ? 'guard.minHealthyPercent' : 'guard.minHealthy',
      group,
      says: `${healthy} of ${members.length} instances are reachable, with ${away} away at once ${healthy - away} are left, at least ${least} must be`,
    });
  const last = the.lastStarted(group);
  const cooldown = limits.cooldownMinutes ?? defaults.cooldownMinutes;
  const since = last === undefined ? Number.POSITIVE_INFINITY : Math.floor((the.now - Date.parse(last)) / 60_000);
  if (since < cooldown)
    refusals.push({
      limit: 'guard.cooldownMinutes',
      group,
      says: `a replacement in it began ${since} minutes ago, ${cooldown} must pass`,
    });
  return refusals;
}

/** Who of a group that a driver replaces whole must not go, beside those of the plan. */
function ofWhole(group: string, items: readonly Item[], { instances }: Fleet, config: ReplaceConfig): Refusal[] {
  const mine = items.filter((item) => item.group === group);
  if (!mine.some(({ wholeGroup }) => wholeGroup)) return [];
  const planned = new Set(mine.map(({ instance }) => instance));
  return instances
    .filter((one) => one.group === group && !planned.has(one.id))
    .flatMap((one) => {
      const why = whyKept(one, config);
      return why === undefined
        ? []
        : [{ limit: 'wholeGroup', group, says: `its driver would replace ${one.name} too, and must not: ${why}` }];
    });
}

/** Reachable instances of a group that must be left: by number, by share, or half of it. */
export function leastHealthy(limits: { minHealthy?: number; minHealthyPercent?: number }, members: number): number {
  const { minHealthy, minHealthyPercent } = limits;
  if (minHealthy !== undefined && minHealthyPercent === undefined) return minHealthy;
  const share = Math.ceil(((minHealthyPercent ?? defaults.minHealthyPercent) / 100) * members - 1e-9);
  return Math.max(minHealthy ?? 0, share);
}
