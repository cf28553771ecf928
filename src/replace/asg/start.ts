import type { AutoScalingGroup, AutoScalingInstanceDetails } from '@aws-sdk/client-auto-scaling';
import { printable } from '../../core/bytes.ts';
import { type Permit, ReplaceError } from '../../core/replacement.ts';
import { tagOf } from '../aws/ec2.ts';
import type { Ec2Target } from '../aws/target.ts';
import { beginRefresh } from './refresh.ts';
import { type Road, refuseOtherImage, type Token } from './road.ts';
import type { AsgSettings } from './settings.ts';

/** Its way out has begun; nothing more is to be asked for. */
const leaving = /^(Terminating|Terminated)/;

/** Begins what the settings say, unless it was begun already. @throws ReplaceError */
export async function begin(road: Road, permit: Permit, { id }: Ec2Target, settings: AsgSettings): Promise<Token> {
  const { scaling } = road;
  const { target } = permit;
  const { strategy = 'terminate' } = settings;
  const seen = await scaling.instance(id);
  const name = seen?.AutoScalingGroupName ?? (await groupOfGone(road, id, settings));
  if (seen && settings.autoScalingGroup !== undefined && name !== settings.autoScalingGroup)
    throw new ReplaceError(
      `${id} is in the Auto Scaling group "${printable(name)}", not in "${settings.autoScalingGroup}"`,
    );
  const whole = strategy === 'refresh' || strategy === 'root-volume';
  const token = { id, group: name };
  if (!seen || leaving.test(seen.LifecycleState ?? '')) return await begun(road, token, whole);
  const group = await scaling.group(name);
  if (whole) return await beginRefresh(road, token, permit, settings, group);
  if (strategy === 'health' && seen.HealthStatus?.toUpperCase() === 'UNHEALTHY') return token;
  refuseUnable(group, seen, strategy);
  await refuseOtherImage(road, group, target);
  try {
    if (strategy === 'health') await scaling.unhealthy(id);
    else await scaling.terminate(id);
  } catch (error) {
    // It left in between.
    const now = await scaling.instance(id);
    if (now && !leaving.test(now.LifecycleState ?? '')) throw error;
  }
  return token;
}

/** An instance that is gone or going: by us before, or behind our back. Nothing is begun. */
async function begun({ scaling }: Road, token: Token, whole: boolean): Promise<Token> {
  const ended = `Terminating EC2 instance: ${token.id}`;
  const known = (all: readonly { Description?: string | undefined }[]) =>
    all.some(({ Description: text = '' }) => text.startsWith(ended));
  const all = await scaling.activities(token.group, known);
  if (!known(all))
    throw new ReplaceError(
      `${token.id} is gone, and the record of the Auto Scaling group "${printable(token.group)}" does not have its end`,
      { hint: 'scan again; nothing was begun' },
    );
  const at = all.find(({ Description: text = '' }) => text.startsWith(ended))?.StartTime?.getTime() ?? 0;
  const refreshes = whole ? await scaling.refreshes(token.group) : [];
  const over = refreshes.find(
    ({ StartTime: from, EndTime: to }) =>
      (from?.getTime() ?? Number.POSITIVE_INFINITY) <= at && at <= (to?.getTime() ?? Number.POSITIVE_INFINITY),
  );
  return over?.InstanceRefreshId ? { ...token, refresh: over.InstanceRefreshId } : token;
}

async function groupOfGone({ ec2 }: Road, id: string, { autoScalingGroup }: AsgSettings): Promise<string> {
  const name = tagOf(await ec2.instance(id), 'aws:autoscaling:groupName') ?? autoScalingGroup;
  if (name !== undefined) return name;
  throw new ReplaceError(`${id} is in no Auto Scaling group of this region`, {
    hint: 'the driver ec2 replaces instances without a group; for one that is gone, name its group: settings.autoScalingGroup',
  });
}

/** What would end the instance and bring no other. @throws ReplaceError */
function refuseUnable(group: AutoScalingGroup, seen: AutoScalingInstanceDetails, strategy: string): void {
  const { AutoScalingGroupName: name = '', SuspendedProcesses: all = [], InstanceMaintenancePolicy: policy } = group;
  const needed = ['Launch', 'Terminate', ...(strategy === 'health' ? ['HealthCheck', 'ReplaceUnhealthy'] : [])];
  const stopped = all.map((one) => one.ProcessName ?? '').filter((one) => needed.includes(one));
  if (stopped.length > 0)
    throw new ReplaceError(`the Auto Scaling group "${printable(name)}" has ${stopped.join(', ')} suspended`, {
      hint: 'ResumeProcesses, or replace it by hand',
    });
  if (seen.LifecycleState !== 'InService')
    throw new ReplaceError(
      `${seen.InstanceId} is ${printable(seen.LifecycleState ?? 'in no state')} in its group, not InService`,
      { hint: 'bring it back into service first, or take it out of the group' },
    );
  if (strategy === 'health' && (policy?.MinHealthyPercentage ?? -1) >= 100)
    throw new ReplaceError(
      'its group launches before it terminates, so nobody could tell which new one is its successor',
      {
        hint: 'use the strategy terminate or refresh',
      },
    );
  const serving = (group.Instances ?? []).filter((one) => one.LifecycleState === 'InService').length;
  if (serving > (group.DesiredCapacity ?? 0))
    throw new ReplaceError(
      `its group has ${serving} instances and wants ${group.DesiredCapacity}: none would come in its place`,
      {
        transient: true,
      },
    );
}
