import { compareSeverity, isLive, severities } from '../../core/finding.ts';
import type { InstanceReport } from '../../core/report.ts';
import type { GuardConfig, ReplaceConfig } from '../../schema/replace.ts';
import { defaults } from './limits.ts';

/** Why an instance is left alone, in words; undefined when it may be replaced. Pure. */
export function whyLeft(instance: InstanceReport, config: ReplaceConfig, now: number): string | undefined {
  const guard = config.guard ?? {};
  return (
    notAllowed(instance, guard) ??
    notAdvised(instance, config) ??
    notGrave(instance, guard) ??
    holdsData(instance, guard) ??
    tooYoung(instance, guard, now)
  );
}

/**
 * Why an instance must not go with the others of its group when a driver replaces them all: it is not allowed, holds data, or bears
 * evidence. That it is clean, young or has no worse verdict is no reason. Pure.
 */
export function whyKept(instance: InstanceReport, config: ReplaceConfig): string | undefined {
  const guard = config.guard ?? {};
  const tampered = instance.findings.some((finding) => isLive(finding) && finding.tamper);
  return (
    notAllowed(instance, guard) ?? holdsData(instance, guard) ?? (tampered ? 'its evidence would be lost' : undefined)
  );
}

function notAllowed({ group, labels }: InstanceReport, guard: GuardConfig): string | undefined {
  if (!guard.allowGroups?.includes(group))
    return `the group "${group}" is not among guard.allowGroups (${guard.allowGroups?.join(', ') ?? 'none'})`;
  if (guard.denyGroups?.includes(group)) return `the group "${group}" is among guard.denyGroups`;
  const missing = Object.entries(guard.allowLabels ?? {}).find(([name, value]) => labels[name] !== value);
  if (missing)
    return `its label ${missing[0]} is "${labels[missing[0]] ?? ''}", guard.allowLabels wants "${missing[1]}"`;
  const denied = Object.entries(guard.denyLabels ?? {}).find(([name, value]) => labels[name] === value);
  return denied && `guard.denyLabels has its label ${denied[0]}: ${denied[1]}`;
}

function notAdvised(
  { recommendation, verdict, findings, group, image, manifest }: InstanceReport,
  config: ReplaceConfig,
) {
  const tampered = findings.some((finding) => isLive(finding) && finding.tamper);
  if (verdict === 'unreachable' || verdict === 'unknown-image' || manifest === null)
    return `it is ${verdict}: nothing is replaced that was not read and compared`;
  if (recommendation.action === 'rebake') {
    const other = config.groups?.[group]?.image;
    if (other === undefined || other === image.ref)
      return `a new instance of ${image.ref} would be no better: bake another image and name it in replace.groups.${group}.image`;
    return undefined;
  }
  if (tampered && config.evidence?.directory === undefined)
    return 'it was tampered with, and evidence comes first: name a directory in replace.evidence.directory';
  return undefined;
}

function notGrave({ verdict, findings, gaps }: InstanceReport, guard: GuardConfig): string | undefined {
  const verdicts: readonly string[] = guard.verdicts ?? defaults.verdicts;
  if (!verdicts.includes(verdict)) return `its verdict is ${verdict}, guard.verdicts has ${verdicts.join(', ')}`;
  const live = findings.filter(isLive).map(({ severity }) => severity);
  const worst = [...severities].reverse().find((severity) => live.includes(severity)) ?? 'info';
  const least = guard.minSeverity ?? 'low';
  if (compareSeverity(worst, least) < 0) return `its worst finding is ${worst}, guard.minSeverity is ${least}`;
  if (gaps.length > 0 && guard.incomplete !== true)
    return `${gaps.length} ${gaps.length === 1 ? 'thing' : 'things'} of it could not be read, and guard.incomplete is not true`;
  return undefined;
}

/** A label `stateful: "true"` counts like a sign of its own. */
function holdsData({ name, labels, stateful = [] }: InstanceReport, guard: GuardConfig): string | undefined {
  const signs = [...(labels['stateful'] === 'true' ? ['its label says so'] : []), ...stateful];
  if (signs.length === 0 || guard.stateful?.includes(name)) return undefined;
  return `it holds data (${signs.join('; ')}), and guard.stateful does not name it`;
}

function tooYoung({ launchedAt }: InstanceReport, guard: GuardConfig, now: number): string | undefined {
  const least = guard.minAgeMinutes ?? defaults.minAgeMinutes;
  if (least === 0) return undefined;
  if (launchedAt === undefined) return `its age is not known, and guard.minAgeMinutes is ${least}`;
  const minutes = Math.floor((now - Date.parse(launchedAt)) / 60_000);
  return minutes >= least ? undefined : `it is ${minutes} minutes old, guard.minAgeMinutes is ${least}`;
}
