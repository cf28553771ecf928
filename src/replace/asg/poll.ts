import { printable } from '../../core/bytes.ts';
import type { Progress, Target } from '../../core/replacement.ts';
import { isGone } from '../aws/ec2.ts';
import { arrived } from '../aws/successor.ts';
import { type Ec2Target, wantedAmi } from '../aws/target.ts';
import { lastFailure, pairsOf } from './activities.ts';
import type { Road, Token } from './road.ts';
import type { AsgSettings } from './settings.ts';

/** What is followed, and by what. */
export interface Followed {
  road: Road;
  target: Target;
  known: Ec2Target;
  settings: AsgSettings;
  token: Token;
}

/** How far back the record is read before the end of an instance, milliseconds: pairs of others begin there. */
const backMs = 60 * 60 * 1000;

/** How far the replacement of one instance has come. */
export async function pollOne(followed: Followed): Promise<Progress> {
  const { road, token } = followed;
  const { id } = token;
  const old = await road.scaling.instance(id);
  const state = old?.LifecycleState ?? '';
  if (old && !/^Terminat/.test(state))
    return {
      state: 'running',
      detail: `${id} is ${printable(state)}, ${printable(old.HealthStatus ?? '')}, not ended yet`,
    };
  const ended = `Terminating EC2 instance: ${id}`;
  const activities = await road.scaling.activities(token.group, (all) => {
    const at = all.find(({ Description: text = '' }) => text.startsWith(ended))?.StartTime?.getTime();
    return at !== undefined && (all.at(-1)?.StartTime?.getTime() ?? 0) < at - backMs;
  });
  const pair = pairsOf(activities).find((one) => one.old === id);
  if (!pair) return { state: 'running', detail: `the group's record does not have the end of ${id} yet` };
  if (pair.next === undefined) {
    const failure = lastFailure(activities, pair.at);
    const why = failure === undefined ? '' : `; the last launch failed: ${printable(failure.slice(0, 300))}`;
    return { state: 'running', detail: `the group has launched nothing in the place of ${id} yet${why}` };
  }
  if (old || !isGone(await road.ec2.instance(id))) return { state: 'running', detail: `${id} is still ending` };
  return inService(followed, pair.next);
}

/** Is the new instance in service, and what it must be? */
export async function inService(followed: Followed, next: string): Promise<Progress> {
  const { road, target, known, settings, token } = followed;
  const seen = await road.scaling.instance(next);
  const { LifecycleState: state = '', HealthStatus: health = '' } = seen ?? {};
  if (seen && seen.AutoScalingGroupName !== token.group)
    return { state: 'failed', detail: `${next} is not in the group ${printable(token.group)} any more` };
  if (!seen && isGone(await road.ec2.instance(next)))
    return { state: 'failed', detail: `${next}, which came in the place of ${token.id}, is gone again` };
  if (/^(Terminat|Detach)/.test(state))
    return { state: 'failed', detail: `${next}, which came in the place of ${token.id}, is ${printable(state)}` };
  if (state !== 'InService' || health.toUpperCase() !== 'HEALTHY')
    return {
      state: 'running',
      detail: `${next} is ${printable(state) || 'not in the group yet'} ${printable(health)}`.trim(),
    };
  const wanted = wantedAmi(target);
  const image = (await road.ec2.instance(next))?.ImageId;
  if (wanted !== undefined && next !== token.id && image !== undefined && image !== wanted)
    return { state: 'failed', detail: `the group launched ${next} from ${printable(image)}, wanted ${wanted}` };
  return arrived(road.ec2, target, known, next, settings, {
    detail: `${next} is InService in ${printable(token.group)}`,
    sameIdentity: next === token.id,
  });
}
