import { ReplaceError } from '../../core/replacement.ts';
import type { Engine } from '../engine/client.ts';
import { filters } from '../engine/filters.ts';
import { list, object, text } from '../json.ts';

/** A task as a manager describes it (`GET /tasks`). */
export interface Task {
  id: string;
  service: string;
  /** What of its service it is: `slot 2`, or for a global service `node ID`. Its successor is the same. */
  place: string;
  node: string;
  /** Whole id; empty as long as it has none. */
  container: string;
  /** Where it is, and where it shall be: `running`, `shutdown`... */
  state: string;
  desired: string;
  /** When it came to that state, milliseconds since the epoch. */
  since: number;
  /** How often its service had been updated by force when it was made. */
  force: number;
  /** What went wrong with it; of the daemon, not to be shown as it is. */
  error: string;
}

/** A service as a manager describes it (`GET /services/ID`). */
export interface Service {
  id: string;
  name: string;
  /** For optimistic locking of updates. */
  version: number;
  spec: Record<string, unknown>;
  force: number;
  /** State of its last update: `updating`, `paused`, `completed`, `rollback_started`...; empty where there was none. */
  update: string;
  updateSays: string;
}

/** Which task: all that is known of it, best first. */
export interface Wanted {
  /** Id of its container, or the beginning of one, or its name. */
  container: string;
  identity: string;
}

/** Tasks of a service, or of all services; the history that the swarm keeps too. @throws ReplaceError */
export async function tasksOf(engine: Engine, service?: string): Promise<Task[]> {
  const of = service === undefined ? '' : `?${filters({ service: [service] })}`;
  return list(await engine.call('GET', `/tasks${of}`)).map(taskOf);
}

/** The task of a container, also when that is gone; undefined when the swarm does not remember it. Pure. */
export function pick(tasks: readonly Task[], { container, identity }: Wanted): Task | undefined {
  const whole = /^[0-9a-f]{64}$/.test(identity) ? identity : undefined;
  if (whole) return tasks.find((task) => task.container === whole);
  // SERVICE.SLOT.TASK is the name that a swarm gives.
  const byName = tasks.find(({ id }) => id !== '' && container.endsWith(`.${id}`));
  if (byName) return byName;
  const begun = /^[0-9a-f]{12,64}$/.test(container) ? tasks.filter((task) => task.container.startsWith(container)) : [];
  return begun.length === 1 ? begun[0] : undefined;
}

/** A service by id or name; undefined when there is none. @throws ReplaceError, also when the daemon manages no swarm */
export async function findService(engine: Engine, asked: string): Promise<Service | undefined> {
  const said = await engine.find(`/services/${encodeURIComponent(asked.toWellFormed())}`);
  if (!said) return undefined;
  const spec = object(said['Spec']);
  const update = object(said['UpdateStatus']);
  const id = text(said['ID']);
  if (!/^[a-z0-9]{1,64}$/.test(id)) throw new ReplaceError('the description of the service is not understood');
  return {
    id,
    name: text(spec['Name']),
    version: Number(object(said['Version'])['Index']) || 0,
    spec,
    force: Number(object(spec['TaskTemplate'])['ForceUpdate']) || 0,
    update: text(update['State']),
    updateSays: text(update['Message']),
  };
}

function taskOf(value: unknown): Task {
  const said = object(value);
  const status = object(said['Status']);
  const slot = Number(said['Slot']) || 0;
  const node = text(said['NodeID']);
  const container = text(object(status['ContainerStatus'])['ContainerID']);
  return {
    id: text(said['ID']),
    service: text(said['ServiceID']),
    place: slot > 0 ? `slot ${slot}` : `node ${node}`,
    node,
    container: /^[0-9a-f]{64}$/.test(container) ? container : '',
    state: text(status['State']),
    desired: text(said['DesiredState']),
    since: Date.parse(text(status['Timestamp'])) || 0,
    force: Number(object(said['Spec'])['ForceUpdate']) || 0,
    error: text(status['Err']) || text(status['Message']),
  };
}
