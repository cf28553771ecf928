import type { AutoScalingGroup, StartInstanceRefreshType } from '@aws-sdk/client-auto-scaling';
import { printable } from '../../core/bytes.ts';
import { type Permit, type Progress, ReplaceError, type Target } from '../../core/replacement.ts';
import { isGone, tagOf } from '../aws/ec2.ts';
import { wantedAmi } from '../aws/target.ts';
import { rankedOf } from './activities.ts';
import { type Followed, inService, pollOne } from './poll.ts';
import { type Road, refuseOtherImage, type Token } from './road.ts';
import { type AsgSettings, preferencesOf } from './settings.ts';

/** A refresh that has not ended. */
const active = /^(Pending|InProgress|Baking|Cancelling|RollbackInProgress)$/;
/** One that may be joined: it still replaces. */
const joined = /^(Pending|InProgress|Baking)$/;

/** Tag of an instance whose group is about to be refreshed: the permit's key and the time. */
const marking = 'snowfence:replacement';
/** How far the clock of the scanner may be behind. Milliseconds. */
const slackMs = 60_000;

/** Begins an instance refresh of the group, or joins the one that is under way. @throws ReplaceError */
export async function beginRefresh(
  road: Road,
  token: Token,
  { target, key }: Permit,
  settings: AsgSettings,
  group: AutoScalingGroup,
): Promise<Token> {
  const { scaling } = road;
  const root = settings.strategy === 'root-volume';
  const strategy = root ? 'ReplaceRootVolume' : 'Rolling';
  const [newest] = await scaling.refreshes(token.group);
  if (newest?.InstanceRefreshId && active.test(newest.Status ?? '')) {
    if (!joined.test(newest.Status ?? '') || (newest.Strategy ?? 'Rolling') !== strategy)
      throw new ReplaceError(
        `an instance refresh of its group is ${printable(newest.Status ?? '')} (${newest.Strategy})`,
        {
          hint: 'wait for it, or cancel it',
        },
      );
    return { ...token, refresh: newest.InstanceRefreshId };
  }
  const before = await begunBefore(road, token, key);
  if (before !== undefined) return before;
  if (!root) await refuseOtherImage(road, group, target);
  if (settings.skipMatching && !root && (await matches(road, group, token.id)))
    throw new ReplaceError(`the refresh would leave ${token.id} alone: it was launched as new ones would be`, {
      hint: 'set skipMatching: false, or use the strategy terminate',
    });
  const request: StartInstanceRefreshType = {
    AutoScalingGroupName: token.group,
    Strategy: strategy,
    Preferences: preferencesOf(settings),
    ...(root ? { DesiredConfiguration: { MixedInstancesPolicy: withImage(group, target) } } : {}),
  };
  await road.ec2.tag(token.id, marking, `${key} ${new Date().toISOString()}`);
  const id = await scaling.refresh(request);
  if (id === '') throw new ReplaceError('StartInstanceRefresh told no id', { transient: true });
  return { ...token, refresh: id };
}

/**
 * The refresh that an earlier start for this key began. The API takes no key of ours: it is written on the instance, with the time,
 * before a refresh is begun, and the first refresh since then is the one.
 */
async function begunBefore({ scaling, ec2 }: Road, token: Token, key: string): Promise<Token | undefined> {
  const [mark, time = ''] = (tagOf(await ec2.instance(token.id), marking) ?? '').split(' ');
  if (mark !== key) return undefined;
  const since = Date.parse(time) - slackMs;
  const ours = (await scaling.refreshes(token.group))
    .filter((one) => one.InstanceRefreshId && (one.StartTime?.getTime() ?? 0) >= since)
    .at(-1);
  return ours?.InstanceRefreshId ? { ...token, refresh: ours.InstanceRefreshId } : undefined;
}

/** Was it launched from what its group launches now? */
async function matches({ scaling, ec2 }: Road, group: AutoScalingGroup, id: string) {
  const images = await scaling.images(group, ec2);
  const instance = await ec2.instance(id);
  return images.length === 1 && instance?.ImageId !== undefined && images[0] === instance.ImageId;
}

/** The group's mixed instances policy with the wanted AMI in all overrides, which this strategy demands. @throws ReplaceError */
function withImage({ MixedInstancesPolicy: policy, AutoScalingGroupName: name }: AutoScalingGroup, target: Target) {
  const overrides = policy?.LaunchTemplate?.Overrides ?? [];
  const wanted = wantedAmi(target);
  if (!policy || overrides.length === 0 || wanted === undefined)
    throw new ReplaceError(
      `the Auto Scaling group "${printable(name ?? '')}" has no mixed instances policy with overrides, which replacing root volumes needs`,
      { hint: 'use the strategy terminate or refresh' },
    );
  const images = overrides.map((one) => ({ ...one, ImageId: wanted }));
  return { ...policy, LaunchTemplate: { ...policy.LaunchTemplate, Overrides: images } };
}

/** How far an instance refresh has come, and what it brought in the place of this instance. */
export async function pollRefresh(followed: Followed): Promise<Progress> {
  const { road, token, settings } = followed;
  const { id, group } = token;
  const refresh = (await road.scaling.refreshes(group)).find((one) => one.InstanceRefreshId === token.refresh);
  if (!refresh) return { state: 'failed', detail: `the group does not know the instance refresh ${token.refresh}` };
  const { Status: status = '', StatusReason: reason = '', PercentageComplete: percent = 0 } = refresh;
  const why = reason === '' ? '' : `: ${printable(reason.slice(0, 300))}`;
  if (active.test(status)) return { state: 'running', detail: `the instance refresh is ${status}, ${percent} %${why}` };
  if (status !== 'Successful')
    return { state: 'failed', detail: `the instance refresh ended as ${printable(status)}${why}` };
  const old = await road.scaling.instance(id);
  if (settings.strategy === 'root-volume' && old) return inService(followed, id);
  if (old && !/^Terminat/.test(old.LifecycleState ?? ''))
    return {
      state: 'failed',
      detail: `the instance refresh left ${id} alone: it is protected from scale-in, in standby, or matches what is launched now`,
    };
  if (old || !isGone(await road.ec2.instance(id))) return { state: 'running', detail: `${id} is still ending` };
  const from = refresh.StartTime?.getTime() ?? 0;
  const to = refresh.EndTime?.getTime() ?? Number.POSITIVE_INFINITY;
  const activities = await road.scaling.activities(group, (all) => (all.at(-1)?.StartTime?.getTime() ?? 0) < from);
  const stands = new Set(((await road.scaling.group(group)).Instances ?? []).map((one) => one.InstanceId));
  const pair = rankedOf(activities, from, to, (one) => stands.has(one)).find((one) => one.old === id);
  if (pair?.next !== undefined) return inService(followed, pair.next);
  // It ended before the refresh came to it: its group replaced it by itself.
  if (!pair) return pollOne(followed);
  return { state: 'failed', detail: `the instance refresh ended ${id}, and launched nothing in its place` };
}
