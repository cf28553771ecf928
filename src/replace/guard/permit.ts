import { createHash } from 'node:crypto';
import type { Permit, PlanItem, Refusal, ReplacePlan, Target } from '../../core/replacement.ts';
import { ReplaceError } from '../../core/replacement.ts';
import { digestOf } from '../digest.ts';

/** Fewest hex digits of a plan's digest that approve it. */
const fewest = 12;

/** What a plan is approved by, and against. */
export interface Approval {
  /** The plan's digest as the person who read it gives it: whole, or at least its first 12 hex digits. */
  digest: string;
  /** Digest of the configuration that is in force now. */
  config: string;
  /** Limits that the plan is over now, found anew. */
  refusals: readonly Refusal[];
}

/** A plan that may be done, and leave for each of its items. */
export interface Approved {
  plan: ReplacePlan;
  items: readonly { item: PlanItem; permit: Permit }[];
}

/**
 * The only place where leave to replace is made.
 * @throws ReplaceError when the plan is not what was approved, rests on another configuration, or is over a limit.
 */
export function approve(plan: ReplacePlan, { digest, config, refusals }: Approval): Approved {
  const real = digestOf(plan);
  if (real !== plan.digest) throw new ReplaceError(`the plan was changed: its content has the digest ${real}`);
  const given = digest.replace(/^sha256:/, '').toLowerCase();
  if (!/^[0-9a-f]+$/.test(given) || given.length < fewest || !plan.digest.slice(7).startsWith(given))
    throw new ReplaceError(`"${digest}" is not the digest of this plan, which is ${plan.digest}`, {
      hint: `read the plan, then approve it by its digest or at least the first ${fewest} hex digits of it`,
    });
  if (config !== plan.config)
    throw new ReplaceError('the configuration of replacements was changed since the plan was made', {
      hint: 'plan again',
    });
  const all = [...plan.refusals, ...refusals];
  if (all.length > 0)
    throw new ReplaceError(`the plan is refused as a whole:\n${[...new Set(all.map(inWords))].join('\n')}`, {
      hint: 'nothing was done',
    });
  return { plan, items: plan.items.map((item) => ({ item, permit: permitFor(plan, item) })) };
}

/** One refusal in a line. */
export function inWords({ limit, group, says }: Refusal): string {
  return `${limit}${group === undefined ? '' : ` of the group ${group}`}: ${says}`;
}

/** Leave for an item of a run that was approved when it began: to finish what was begun. Not for new ones. */
export function renew(plan: ReplacePlan, instance: string): Permit {
  const item = plan.items.find((one) => one.instance === instance);
  if (!item || digestOf(plan) !== plan.digest) throw new ReplaceError(`"${instance}" is not in the plan of this run`);
  return permitFor(plan, item);
}

function permitFor(plan: ReplacePlan, item: PlanItem): Permit {
  const { instance, uri, name, group, labels, identity, image } = item;
  const target: Target = { instance, uri, name, group, labels, identity, image };
  const hash = createHash('sha256').update(`${plan.digest}\0${instance}`);
  return Object.freeze({ target: Object.freeze(target), key: `sf-${hash.digest('hex').slice(0, 32)}` }) as Permit;
}
