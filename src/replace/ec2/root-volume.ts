import { printable } from '../../core/bytes.ts';
import { type Progress, ReplaceError } from '../../core/replacement.ts';
import { arrived } from '../aws/successor.ts';
import { wantedAmi } from '../aws/target.ts';
import { refuseGrouped, type Work } from './launch.ts';

/** By what it is followed. */
export interface RootToken {
  task: string;
}

/** Tag of a task, with the permit's key: by it a task is found that was begun before. */
const tag = 'snowfence:replacement';

/** Begins to replace the root volume, unless that was begun. @throws ReplaceError */
export async function replaceRoot({ ec2, permit, known, settings }: Work): Promise<RootToken> {
  const [begun] = await ec2.rootTasks({ tag, value: permit.key });
  if (begun?.ReplaceRootVolumeTaskId) return { task: begun.ReplaceRootVolumeTaskId };
  const instance = await ec2.instance(known.id);
  refuseGrouped(instance);
  const state = instance?.State?.Name ?? 'unknown to EC2';
  if (state !== 'running')
    throw new ReplaceError(`${known.id} is ${state}; only of a running instance can the root volume be replaced`, {
      hint: 'start it, or use the strategy launch; nothing was begun',
    });
  const wanted = wantedAmi(permit.target);
  const task = await ec2.replaceRoot(known.id, wanted, permit.key, tag, settings.keepVolume !== true);
  if (task === '') throw new ReplaceError('CreateReplaceRootVolumeTask told no id', { transient: true });
  return { task };
}

/** How far the task has come. Its states: API reference of ReplaceRootVolumeTask. */
export async function pollRoot({ ec2, permit, known, settings }: Work, { task: id }: RootToken): Promise<Progress> {
  const [task] = await ec2.rootTasks({ id });
  // The SDK's type lacks one of the states.
  const state: string = task?.TaskState ?? 'unknown to EC2';
  const shown = printable(state);
  if (task && task.InstanceId !== known.id)
    return { state: 'failed', detail: `the task ${printable(id)} is not for ${known.id}` };
  if (state === 'pending' || state === 'in-progress' || state === 'failing' || state === 'failing-detached')
    return { state: 'running', detail: `the root volume of ${known.id}: ${shown}` };
  if (state !== 'succeeded') {
    const now = state === 'failed-detached' ? 'it has NO root volume now' : 'its old root volume is still attached';
    return { state: 'failed', detail: `the root volume of ${known.id} was not replaced (${shown}): ${now}` };
  }
  const { ok, says } = await ec2.checks(known.id);
  if (!ok) return { state: 'running', detail: `${known.id} is ${printable(says)}` };
  return arrived(ec2, permit.target, known, known.id, settings, {
    detail: `${known.id} has a new root volume`,
    sameIdentity: true,
  });
}
