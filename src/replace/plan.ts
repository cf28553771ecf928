import { isLive } from '../core/finding.ts';
import type { Driver, PlanItem, ReplacePlan, Settings, Target } from '../core/replacement.ts';
import type { InstanceReport, Report } from '../core/report.ts';
import type { ReplaceConfig } from '../schema/replace.ts';
import { digestOf, digestOfValue } from './digest.ts';
import { whyLeft } from './guard/eligible.ts';
import { type Circumstances, refusalsOf } from './guard/refusals.ts';

/** What a plan is made from. */
export interface PlanInput {
  report: Report;
  config: ReplaceConfig;
  /** Drivers that the configuration names, by name. */
  drivers: ReadonlyMap<string, Driver>;
  circumstances: Circumstances;
  /** Only these instances, by name or id; undefined = all. */
  only?: readonly string[];
}

/** Settings of a driver for a group: the group's own overlay the driver's. */
export function settingsFor(config: ReplaceConfig, driver: string, group: string): Settings {
  const own = Object.hasOwn(config.groups ?? {}, group) ? config.groups?.[group]?.settings : undefined;
  return { ...config.drivers?.[driver], ...own } as Settings;
}

/** Name of the driver of a group; undefined where the configuration names none. */
export function driverFor(config: ReplaceConfig, group: string): string | undefined {
  const own = Object.hasOwn(config.groups ?? {}, group) ? config.groups?.[group]?.driver : undefined;
  return own ?? config.driver;
}

/** Who would be replaced, how, in which order, who is left alone and why, and what is refused. Pure: contacts nobody. */
export function makePlan({ report, config, drivers, circumstances, only }: PlanInput): ReplacePlan {
  const left: ReplacePlan['left'] = [];
  const items: Omit<PlanItem, 'order'>[] = [];
  for (const instance of report.instances) {
    if (instance.verdict === 'clean') continue;
    if (only && !only.includes(instance.name) && !only.includes(instance.id)) continue;
    const one = whyLeft(instance, config, circumstances.now) ?? itemOf(instance, config, drivers);
    if (typeof one === 'string') left.push({ instance: instance.id, why: one });
    else items.push(one);
  }
  const ordered = inOrder(items).map((item, i): PlanItem => ({ ...item, order: i + 1 }));
  const plan: ReplacePlan = {
    schema: 'snowfence.plan/v1',
    digest: '',
    createdAt: new Date(circumstances.now).toISOString(),
    scan: { id: report.scan.id, finishedAt: report.scan.finishedAt },
    config: digestOfValue(config),
    items: ordered,
    left,
    refusals: refusalsOf(ordered, report, config, circumstances),
  };
  return { ...plan, digest: digestOf(plan) };
}

function itemOf(
  instance: InstanceReport,
  config: ReplaceConfig,
  drivers: ReadonlyMap<string, Driver>,
): Omit<PlanItem, 'order'> | string {
  const { group, recommendation, verdict, score, findings } = instance;
  const name = driverFor(config, group);
  const driver = name === undefined ? undefined : drivers.get(name);
  if (name === undefined || !driver)
    return `no driver is named for it: replace.driver, or replace.groups.${group}.driver`;
  const target = targetOf(instance, config);
  const plan = driver.plan(target, settingsFor(config, name, group));
  if ('refused' in plan) return `the driver ${name} refuses: ${plan.refused}`;
  const zone = config.guard?.zoneLabel === undefined ? undefined : instance.labels[config.guard.zoneLabel];
  return {
    ...target,
    ...{ driver: name, reason: recommendation.reason, verdict, score, calls: plan.calls },
    evidence: findings.some((finding) => isLive(finding) && finding.tamper),
    ...(zone === undefined ? {} : { zone }),
    ...(plan.wholeGroup ? { wholeGroup: true } : {}),
    checks: [
      'it is another machine than before',
      `it was launched from ${target.image.ref}`,
      'a full scan finds nothing live and has no gaps',
    ],
  };
}

function targetOf(
  { id, uri, name, group, labels, identity = '', image }: InstanceReport,
  config: ReplaceConfig,
): Target {
  const other = Object.hasOwn(config.groups ?? {}, group) ? config.groups?.[group]?.image : undefined;
  const from = other !== undefined && other !== image.ref ? { ref: other } : image;
  return { instance: id, uri, name, group, labels, identity, image: from };
}

/** Worst first; of equals those by zone and name, so that the order is the same on every machine. */
function inOrder(items: Omit<PlanItem, 'order'>[]): Omit<PlanItem, 'order'>[] {
  const key = ({ zone = '', name, instance }: (typeof items)[number]) => `${zone}\0${name}\0${instance}`;
  return [...items].sort((a, b) => b.score - a.score || (key(a) < key(b) ? -1 : 1));
}
