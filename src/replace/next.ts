import type { PlanItem } from '../core/replacement.ts';
import type { ReplaceConfig } from '../schema/replace.ts';
import { defaults, limitsOf } from './guard/limits.ts';

type Placed = Pick<PlanItem, 'group' | 'zone'>;

/** May this one begin while those are under way? So many in all, so many of its group, and of its group one zone at a time. */
export function mayBegin(item: Placed, underWay: readonly Placed[], config: ReplaceConfig): boolean {
  if (underWay.length >= (config.guard?.total?.parallel ?? defaults.parallel)) return false;
  const siblings = underWay.filter(({ group }) => group === item.group);
  if (siblings.length >= (limitsOf(config, item.group).parallel ?? defaults.parallel)) return false;
  return config.guard?.zoneLabel === undefined || siblings.every(({ zone }) => zone === item.zone);
}
