import {
  type Driver,
  type DriverSession,
  type Permit,
  ReplaceError,
  type Settings,
  type Target,
} from '../../core/replacement.ts';
import { Engines, short } from '../engine/client.ts';
import { hostSchema, parseUri, uriOf } from '../engine/endpoint.ts';
import { object, text } from '../json.ts';
import { type Act, type Followed, hostOf, replaceService, replaceTask } from './act.ts';
import { follow } from './follow.ts';

interface SwarmSettings {
  host?: string;
  nodes?: Record<string, string>;
  mode?: 'task' | 'service';
  image?: string;
  settleSeconds?: number;
}

const of = (settings: Settings) => settings as unknown as SwarmSettings;

/** Lets a Docker Swarm start another task in the place of one, or updates its whole service by force. */
export const swarm: Driver = {
  name: 'swarm',
  about:
    'ends the container of one task of a Docker Swarm, which starts another; or updates the whole service by force',
  settings: {
    type: 'object',
    additionalProperties: false,
    properties: {
      host: {
        ...hostSchema,
        description: 'a manager of the swarm (default: the daemon of the URI, DOCKER_HOST, the usual socket)',
      },
      nodes: {
        type: 'object',
        additionalProperties: hostSchema,
        description: 'daemons of the other nodes, by host name',
      },
      mode: {
        enum: ['task', 'service'],
        description: 'service: update all tasks of the service, as it says (default task)',
      },
      image: { type: 'string', minLength: 1, description: 'mode service: update to this image' },
      settleSeconds: {
        type: 'number',
        minimum: 0,
        maximum: 86_400,
        description: 'that a new task must have run (default 5)',
      },
    },
  },
  plan(target, settings) {
    const { mode = 'task', image, settleSeconds = 5 } = of(settings);
    const named = parseUri(target.uri);
    const service = target.labels['swarm.service'];
    const settle = `wait until the new task has run for ${settleSeconds} s`;
    if (!named && (mode === 'task' || !service))
      return {
        refused: `"${short(target.uri)}" is no container of a task; docker://CONTAINER would be${mode === 'service' ? ', or the label swarm.service' : ''}`,
      };
    if (mode === 'task' && image !== undefined)
      return {
        refused: 'one task cannot be of another image than the others: set "mode: service" for the setting "image"',
      };
    if (mode === 'task')
      return {
        calls: [
          `docker rm --force --volumes ${named?.container}: the swarm starts another task in the same slot`,
          settle,
        ],
      };
    const whose = named ? `the service of ${named.container}` : `the service ${short(service ?? '')}`;
    return {
      wholeGroup: true,
      calls: [
        `docker service update --force, and to ${image ?? target.image.ref} if it is of another image, of ${whose}: ALL its tasks are replaced, as its update configuration says`,
        settle,
      ],
    };
  },
  async open(settings, context) {
    const own = of(settings);
    const { mode = 'task', nodes = {}, settleSeconds = 5 } = own;
    const engines = new Engines(context);
    const engineOf = async (target: Target) => {
      const named = parseUri(target.uri);
      const node = named && (await engines.at(named.host ?? own.host));
      return { named, node, manager: await engines.at(own.host ?? named?.host) };
    };
    const start = async (permit: Permit): Promise<Followed> => {
      const { named, node, manager } = await engineOf(permit.target);
      const wanted = { container: named?.container ?? '', identity: named ? permit.target.identity : '' };
      const act: Act = { manager, wanted, permit, ...(node ? { node } : {}) };
      return await (mode === 'task' ? replaceTask(act) : replaceService(act, own.image));
    };
    const session: DriverSession = {
      start: async (permit) => JSON.stringify(await start(permit)),
      async poll(token, { target }) {
        const { named, node, manager } = await engineOf(target);
        const come = await follow(manager, followedOf(token), settleSeconds);
        if (come.state !== 'come') return come;
        const detail = `task ${short(come.task.id)} runs`;
        if (!node) return { state: 'done', detail, successor: { uri: target.uri } };
        const host = (await hostOf(node, manager, come.task.node, nodes)) ?? named?.host;
        const { container: id } = come.task;
        return { state: 'done', detail, successor: { uri: uriOf({ container: id, ...(host ? { host } : {}) }), id } };
      },
      close: () => engines.close(),
    };
    return session;
  },
};

/** @throws ReplaceError for what `start` never gave */
function followedOf(token: string): Followed {
  let said: Record<string, unknown>;
  try {
    said = object(JSON.parse(token) as unknown);
  } catch {
    said = {};
  }
  const { place, force, whole } = said;
  const [service, old] = [text(said['service']), text(said['old'])];
  if (service === '') throw new ReplaceError('the token is none of this driver');
  return {
    ...{ service, old, force: Number(force) || 0, whole: whole === true },
    ...(typeof place === 'string' ? { place } : {}),
  };
}
