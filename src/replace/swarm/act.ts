import { type Permit, ReplaceError } from '../../core/replacement.ts';
import { type Engine, EngineError, short } from '../engine/client.ts';
import { findImage, type HeldImage, isSame } from '../engine/image.ts';
import { list, object, text } from '../json.ts';
import { findService, pick, type Service, type Task, tasksOf, type Wanted } from './find.ts';

/** How often an update is tried that somebody else's overtook. */
const tries = 5;

/** What a replacement is followed by. */
export interface Followed {
  service: string;
  /** Place of the one task that is followed; undefined = all of the service. */
  place?: string;
  /** Id of the container that must be gone; empty when none is meant. */
  old: string;
  /** Tasks must have been made by this many forced updates or more. */
  force: number;
  /** The whole service is updated. */
  whole: boolean;
}

/** Who is meant, and the daemons that are asked. */
export interface Act {
  manager: Engine;
  /** The daemon that runs the container; undefined where a service is meant. */
  node?: Engine;
  wanted: Wanted;
  permit: Permit;
}

/** Ends one container of a service; the swarm starts another in its place. @throws ReplaceError */
export async function replaceTask({ manager, node, wanted, permit }: Act): Promise<Followed> {
  const { task, service } = await find(manager, wanted);
  const followed = { service: service.id, place: task.place, old: task.container, force: 0, whole: false };
  const held = node && task.container !== '' && (await node.find(`/containers/${task.container}/json`));
  if (!node || !held) return followed;
  const template = object(service.spec['TaskTemplate']);
  if (object(template['RestartPolicy'])['Condition'] === 'none')
    throw new ReplaceError(
      `the service ${short(service.name)} has the restart condition "none": nobody would start another`,
      {
        hint: 'set "mode: service"',
      },
    );
  if (!(await hasImage(node, held, permit.target.image)))
    throw new ReplaceError(`one task of ${short(service.name)} cannot be of another image than the others`, {
      hint: 'set "mode: service" to update all of them',
    });
  // Killed, not stopped: with the condition "on-failure" an orderly end would be the end of the slot.
  try {
    await node.call('DELETE', `/containers/${task.container}?force=1&v=1`);
  } catch (error) {
    // Gone, or on its way.
    if (!(error instanceof EngineError && (error.status === 404 || error.status === 409))) throw error;
  }
  return followed;
}

/** Updates a whole service by force, or to another image; the swarm replaces its tasks as the service says. @throws ReplaceError */
export async function replaceService({ manager, node, wanted, permit }: Act, image?: string): Promise<Followed> {
  for (let tried = 1; ; tried++) {
    const label = permit.target.labels['swarm.service'];
    const known = wanted.container === '' ? undefined : await find(manager, wanted);
    const service = known?.service ?? (await findService(manager, label ?? ''));
    if (!service) throw new ReplaceError(`the swarm has no service "${short(label ?? '')}"`);
    const held =
      node && known && known.task.container !== '' && (await node.find(`/containers/${known.task.container}/json`));
    const followed = {
      service: service.id,
      ...(known ? { place: known.task.place } : {}),
      old: known?.task.container ?? '',
      whole: true,
    };
    const spec = service.spec;
    const begun = object(spec['Labels'])['snowfence.key'] === permit.key;
    // Its service is on the way past it already, or is by now: another item of the plan asked for the same.
    const passed =
      known && (known.task.desired !== 'running' || (known.task.force < service.force && isMoving(service)));
    if (begun || passed) return { ...followed, force: service.force };
    const other = image ?? (await otherImage(manager, node, held || undefined, service, permit));
    const template = object(spec['TaskTemplate']);
    const body = {
      ...spec,
      Labels: { ...object(spec['Labels']), 'snowfence.key': permit.key },
      TaskTemplate: {
        ...template,
        ForceUpdate: service.force + 1,
        ...(other === undefined ? {} : { ContainerSpec: { ...object(template['ContainerSpec']), Image: other } }),
      },
    };
    try {
      await manager.call('POST', `/services/${service.id}/update?version=${service.version}`, { body });
      return { ...followed, force: service.force + 1 };
    } catch (error) {
      const overtaken = error instanceof EngineError && /out of sequence/i.test(error.said);
      if (!overtaken || tried === tries) throw error;
    }
  }
}

function isMoving({ update }: Service): boolean {
  return update === '' || update === 'updating';
}

/** The image that a service must get; undefined when it has it. */
async function otherImage(
  manager: Engine,
  node: Engine | undefined,
  held: Record<string, unknown> | undefined,
  service: Service,
  { target }: Permit,
): Promise<string | undefined> {
  if (node && held) return (await hasImage(node, held, target.image)) ? undefined : target.image.ref;
  const now = text(object(object(service.spec['TaskTemplate'])['ContainerSpec'])['Image']);
  const known: HeldImage = { id: '', names: [now.replace(/@sha256:[0-9a-f]{64}$/, '')], config: {} };
  const image = (await findImage(manager, now)) ?? known;
  return isSame(target.image, known.names[0] ?? now, image) ? undefined : target.image.ref;
}

/** Is a container of the image that is asked for? */
async function hasImage(
  node: Engine,
  held: Record<string, unknown>,
  image: Permit['target']['image'],
): Promise<boolean> {
  const id = text(held['Image']);
  const was = text(object(held['Config'])['Image']).replace(/(.)@sha256:[0-9a-f]{64}$/, '$1');
  return isSame(image, was, (await findImage(node, id)) ?? { id, names: [], config: {} });
}

/** The task that is meant, and its service. @throws ReplaceError when the swarm knows nothing of it */
async function find(manager: Engine, wanted: Wanted): Promise<{ task: Task; service: Service }> {
  const task = pick(await tasksOf(manager), wanted);
  const service = task && (await findService(manager, task.service));
  if (task && service) return { task, service };
  const name = short(wanted.container || wanted.identity);
  throw new ReplaceError(`the swarm at ${manager.endpoint.name} knows no task of the container "${name}"`, {
    hint: 'scan and plan again; containers outside of a swarm are for the driver "docker"',
  });
}

/** The address of the daemon of a node, as the settings name it; undefined for the one that is asked. @throws ReplaceError */
export async function hostOf(
  engine: Engine,
  manager: Engine,
  node: string,
  nodes: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const here = text(object(object(await engine.call('GET', '/info'))['Swarm'])['NodeID']);
  if (here === node) return undefined;
  const said = list(await manager.call('GET', '/nodes'))
    .map(object)
    .find(({ ID }) => ID === node);
  const name = text(object(said?.['Description'])['Hostname']);
  const host = Object.hasOwn(nodes, name) ? nodes[name] : undefined;
  if (host !== undefined) return host;
  throw new ReplaceError(`the new task runs on the node ${short(name || node)}, whose daemon is not known`, {
    hint: 'name its address in the setting "nodes"',
  });
}
