import { setTimeout as delay } from 'node:timers/promises';
import { printable } from '../../core/bytes.ts';
import { type Permit, type Progress, ReplaceError } from '../../core/replacement.ts';
import { type Ec2, type Instance, isGone, type TemplateName, tagOf } from '../aws/ec2.ts';
import { arrived } from '../aws/successor.ts';
import { type Ec2Target, wantedAmi } from '../aws/target.ts';
import type { Ec2Settings } from './settings.ts';

/** One replacement and what it is done with. */
export interface Work {
  ec2: Ec2;
  permit: Permit;
  known: Ec2Target;
  settings: Ec2Settings;
  signal: AbortSignal;
}

/** By what it is followed. */
export interface LaunchToken {
  /** The new instance. */
  id: string;
  /** It did not come up in time; the old one was left as it was. */
  late?: string;
}

/** An instance of a group is the group's to replace. @throws ReplaceError */
export function refuseGrouped(instance: Instance | undefined): void {
  const group = tagOf(instance, 'aws:autoscaling:groupName');
  if (group !== undefined)
    throw new ReplaceError(
      `${instance?.InstanceId} belongs to the Auto Scaling group "${printable(group)}", which would launch another`,
      { hint: 'replace it with the driver asg' },
    );
}

/**
 * Launches the new one and waits until it is up. The old one is left serving until the new one was seen clean (`retire`). Looks first
 * whether it was done.
 */
export async function launch(work: Work): Promise<LaunchToken> {
  const { ec2, permit, known, settings } = work;
  const old = await ec2.instance(known.id);
  refuseGrouped(old);
  const [begun] = await ec2.launchedWith(permit.key);
  const id = begun?.InstanceId ?? (await launchNew(work, old));
  const up = await untilUp(work, id);
  if (up !== true) return { id, late: up };
  // It is looked at under the old one's address, so it must have it by then.
  if (settings.address === 'same') await swap(work, id);
  return { id };
}

/** Gives the new one the elastic address, and ends the old one. Each looks first whether it was done. */
export async function retire(work: Work, { id }: LaunchToken): Promise<void> {
  const { ec2, known, settings } = work;
  await swap(work, id);
  if (settings.terminate === false) return;
  const old = await ec2.instance(known.id);
  if (!isGone(old) && old?.State?.Name !== 'shutting-down') await ec2.terminate(known.id);
}

async function swap({ ec2, known, settings }: Work, id: string): Promise<void> {
  if (settings.swap === 'elastic-ip')
    for (const allocation of await ec2.addressesOf(known.id)) await ec2.associate(allocation, id);
}

/** Everything that would stop it half-way is looked at before. @throws ReplaceError */
async function launchNew({ ec2, permit, known, settings }: Work, old: Instance | undefined): Promise<string> {
  const { id } = known;
  const state = old?.State?.Name ?? 'unknown to EC2';
  if (!old || state === 'terminated' || state === 'shutting-down')
    throw new ReplaceError(`${id} is gone already (${state}), and nothing was launched in its place`, {
      hint: 'launch a new one by hand; nothing was begun',
    });
  if (settings.terminate !== false && (await ec2.isProtected(id)))
    throw new ReplaceError(`${id} is protected from termination`, {
      hint: 'take that off (DisableApiTermination) if it may go, or set terminate: false; nothing was begun',
    });
  if (settings.swap === 'elastic-ip' && (await ec2.addressesOf(id)).length > 1)
    throw new ReplaceError(`${id} has more than one elastic address, and a new one takes over one`, {
      hint: 'set swap: none and move them by a hook; nothing was begun',
    });
  const template = templateOf(old, settings);
  const { image, networks } = await ec2.template(template);
  const wanted = wantedAmi(permit.target);
  if (wanted === undefined && image === undefined)
    throw new ReplaceError(`the launch template of ${id} names no image, and ${permit.target.image.ref} is no AMI`, {
      hint: 'set replace.groups.NAME.image to an AMI (ami-...)',
    });
  const { copyTags = true } = settings;
  const tags = copyTags ? (old.Tags ?? []).filter(({ Key: key = '' }) => !/^(aws|snowfence):/.test(key)) : [];
  return ec2.run({
    ClientToken: permit.key,
    LaunchTemplate: template,
    ...(wanted === undefined ? {} : { ImageId: wanted }),
    // Where the template leaves the network open, the new one stands where the old one stood.
    ...(networks || !old.SubnetId ? {} : { SubnetId: old.SubnetId }),
    TagSpecifications: [{ ResourceType: 'instance', Tags: [...tags, { Key: 'snowfence:replaces', Value: id }] }],
  });
}

/** @throws ReplaceError when nobody says from what. */
function templateOf(old: Instance, { launchTemplate: given }: Ec2Settings): TemplateName {
  const version = given?.version ?? '$Default';
  if (given?.id !== undefined) return { LaunchTemplateId: given.id, Version: version };
  if (given?.name !== undefined) return { LaunchTemplateName: given.name, Version: version };
  const id = tagOf(old, 'aws:ec2launchtemplate:id');
  if (id === undefined)
    throw new ReplaceError(`${old.InstanceId} was not launched from a launch template`, {
      hint: 'name one (settings.launchTemplate), or use the strategy root-volume; nothing was begun',
    });
  return { LaunchTemplateId: id, Version: tagOf(old, 'aws:ec2launchtemplate:version') ?? '$Default' };
}

/** Waits for both status checks; true, or why it is given up. @throws ReplaceError when interrupted. */
async function untilUp({ ec2, settings, signal }: Work, id: string): Promise<true | string> {
  const { upSeconds = 900, everySeconds = 5 } = settings;
  const end = Date.now() + upSeconds * 1000;
  for (;;) {
    const instance = await ec2.instance(id);
    const state = instance?.State?.Name ?? 'pending';
    if (state !== 'pending' && state !== 'running')
      return `${id} is ${state}: ${printable((instance?.StateReason?.Message ?? 'no reason is given').slice(0, 300))}`;
    const { ok, says } = await ec2.checks(id);
    if (ok) return true;
    if (Date.now() >= end) return `${id} did not come up in ${upSeconds} s: ${printable(says)}`;
    await delay(everySeconds * 1000, undefined, { signal }).catch(() => {
      throw new ReplaceError(`the wait for ${id} was interrupted`);
    });
  }
}

/** How far it has come. */
export async function pollLaunched(
  { ec2, permit, known, settings }: Work,
  { id, late }: LaunchToken,
): Promise<Progress> {
  const left = `; ${known.id} was left as it was`;
  if (typeof late === 'string') return { state: 'failed', detail: printable(late.slice(0, 400)) + left };
  const instance = await ec2.instance(id);
  const state = instance?.State?.Name ?? 'gone';
  if (state !== 'running' && state !== 'pending')
    return { state: 'failed', detail: `the new instance ${id} is ${state}` };
  const wanted = wantedAmi(permit.target);
  if (wanted !== undefined && instance?.ImageId !== wanted)
    return {
      state: 'failed',
      detail: `${id} was launched from ${printable(instance?.ImageId ?? '')}, wanted ${wanted}`,
    };
  const { ok, says } = await ec2.checks(id);
  if (!ok) return { state: 'running', detail: `${id} is ${printable(says)}` };
  return arrived(ec2, permit.target, known, id, settings, { detail: `${id} runs in the place of ${known.id}` });
}
