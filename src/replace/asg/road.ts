import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import { printable } from '../../core/bytes.ts';
import { ReplaceError, type Target } from '../../core/replacement.ts';
import type { Ec2 } from '../aws/ec2.ts';
import { wantedAmi } from '../aws/target.ts';
import type { Scaling } from './group.ts';

/** Both services in one region. */
export interface Road {
  scaling: Scaling;
  ec2: Ec2;
}

/** By what a replacement is followed. */
export interface Token {
  /** The old instance. */
  id: string;
  group: string;
  /** Instance refresh that replaces it. */
  refresh?: string;
}

/** @throws ReplaceError when the group would launch something else than what is wanted. */
export async function refuseOtherImage({ scaling, ec2 }: Road, group: AutoScalingGroup, target: Target): Promise<void> {
  const wanted = wantedAmi(target);
  if (wanted === undefined) return;
  const images = await scaling.images(group, ec2);
  if (images.length === 1 && images[0] === wanted) return;
  const shown = images.map((one) => printable(one) || 'an AMI that cannot be told').join(', ');
  throw new ReplaceError(
    `the Auto Scaling group "${printable(group.AutoScalingGroupName ?? '')}" would launch ${shown}, wanted ${wanted}`,
    { hint: 'give its launch template the wanted AMI (replace.groups.NAME.image is what is wanted)' },
  );
}
