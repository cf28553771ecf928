import type { Progress } from '../../core/replacement.ts';
import { type Engine, short } from '../engine/client.ts';
import { object, text } from '../json.ts';
import type { Followed } from './act.ts';
import { findService, type Task, tasksOf } from './find.ts';

/** The new task is there; where it is reached, the caller knows. */
export type Come = Exclude<Progress, { state: 'done' }> | { state: 'come'; task: Task };

/** How far a swarm has come. Changes nothing. @throws ReplaceError */
export async function follow(engine: Engine, followed: Followed, settleSeconds: number): Promise<Come> {
  const service = await findService(engine, followed.service);
  if (!service) return { state: 'failed', detail: 'the service is gone' };
  if (followed.whole) {
    const says = service.updateSays === '' ? '' : `: ${short(service.updateSays)}`;
    if (service.update === 'paused') return { state: 'failed', detail: `the update of the service is paused${says}` };
    if (service.update.startsWith('rollback'))
      return { state: 'failed', detail: `the service went back to what it was${says}` };
    // Until the swarm begins with it, it says nothing of an update: a task that runs by then may be one that fails at once.
    if (service.update === '') return { state: 'running', detail: 'the update of the service has not begun' };
    if (service.update === 'updating') return { state: 'running', detail: 'the service is being updated' };
  }
  const tasks = await tasksOf(engine, followed.service);
  const mine = followed.place === undefined ? tasks : tasks.filter(({ place }) => place === followed.place);
  const old = tasks.find(({ container }) => container !== '' && container === followed.old);
  if (old?.state === 'running') return { state: 'running', detail: 'the old task has not ended yet' };
  const wanted = mine.filter(
    ({ desired, container, force }) => desired === 'running' && container !== followed.old && force >= followed.force,
  );
  const now = Date.parse(text(object(await engine.call('GET', '/info'))['SystemTime']));
  const up = wanted.filter(({ state, container }) => state === 'running' && container !== '');
  const settled = up.filter(({ since }) => now - since >= settleSeconds * 1000);
  const [task] = settled;
  const all =
    followed.place !== undefined || settled.length === mine.filter(({ desired }) => desired === 'running').length;
  if (task && all) return { state: 'come', task };
  const failed = mine
    .filter(({ state }) => state === 'failed' || state === 'rejected')
    .sort((a, b) => b.since - a.since)[0];
  const trouble = failed && failed !== old ? `; the last one ${failed.state}: ${short(failed.error)}` : '';
  const newest = wanted[0]?.state ?? 'not made yet';
  return { state: 'running', detail: `the new task is ${short(up.length > 0 ? 'settling' : newest)}${trouble}` };
}
