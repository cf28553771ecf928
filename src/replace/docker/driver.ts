import { type Driver, type Progress, ReplaceError, type Settings } from '../../core/replacement.ts';
import { Engines, short } from '../engine/client.ts';
import { hostSchema, parseUri, uriOf } from '../engine/endpoint.ts';
import { object, text } from '../json.ts';
import { newOf, stateOf } from './find.ts';
import { type DockerSettings, recreate, retire } from './recreate.ts';

const seconds = { type: 'number', minimum: 0, maximum: 86_400 } as const;
const of = (settings: Settings) => settings as unknown as DockerSettings;

/** Recreates a container of a Docker daemon from its image, with its settings and under its name. */
export const docker: Driver = {
  name: 'docker',
  about:
    'recreates a container from its image with its settings and under its name; puts the old one back when that fails',
  settings: {
    type: 'object',
    additionalProperties: false,
    properties: {
      host: {
        ...hostSchema,
        description: 'daemon of instances whose URI names none (default DOCKER_HOST, else the usual socket)',
      },
      pull: { type: 'boolean', description: 'fetch the image anew first (default false)' },
      stopSeconds: { ...seconds, description: 'for the old one to end by itself (default: its own, else 10)' },
      settleSeconds: { ...seconds, description: 'that the new one must run where it has no health check (default 5)' },
      healthSeconds: { ...seconds, description: 'for the new one to become healthy (default 120)' },
      anonymousVolumes: {
        enum: ['refuse', 'discard'],
        description: 'what is done about volumes without a name (default refuse)',
      },
      keep: { type: 'boolean', description: 'keep the old one, stopped, as NAME-KEY (default false)' },
    },
  },
  plan({ uri, image }, settings) {
    const named = parseUri(uri);
    if (!named) return { refused: `"${short(uri)}" is no container of a Docker daemon; docker://CONTAINER would be` };
    const { pull, stopSeconds, settleSeconds = 5, keep } = of(settings);
    const name = named.container;
    return {
      calls: [
        ...(pull ? [`docker pull ${image.ref}`] : []),
        `docker create, of ${image.ref} with the settings of ${name} and the label snowfence.key`,
        `docker rename ${name} ${name}-KEY, and the new one to ${name}`,
        `docker stop${stopSeconds === undefined ? '' : ` --time ${stopSeconds}`} ${name}-KEY; docker start ${name}`,
        `wait until ${name} is healthy, or has run for ${settleSeconds} s; else remove it, and rename and start the old one again`,
        keep ? `keep ${name}-KEY, stopped` : `docker rm --force --volumes ${name}-KEY, once the new one was seen clean`,
      ],
    };
  },
  async open(settings, context) {
    const engines = new Engines(context);
    const at = (uri: string) => {
      const named = parseUri(uri);
      if (!named) throw new ReplaceError(`"${short(uri)}" is no container of a Docker daemon`);
      return { named, engine: engines.at(named.host ?? of(settings).host) };
    };
    return {
      async start(permit) {
        const { named, engine } = at(permit.target.uri);
        return JSON.stringify(await recreate(await engine, named.container, permit, of(settings), context.signal));
      },
      async poll(token, { target, key }): Promise<Progress> {
        const { failed } = tokenOf(token);
        if (failed !== undefined) return { state: 'failed', detail: failed };
        const { named, engine } = at(target.uri);
        const made = await newOf(await engine, key);
        if (!made) return { state: 'failed', detail: 'the new container is gone' };
        const { running, health, exitCode } = stateOf(made);
        const id = text(made['Id']);
        if (!running) return { state: 'failed', detail: `the new container does not run (exit code ${exitCode})` };
        if (health === 'unhealthy') return { state: 'failed', detail: 'the new container is unhealthy' };
        if (health === 'starting') return { state: 'running', detail: 'the new container is not healthy yet' };
        const container = text(made['Name']).slice(1);
        const uri = container === named.container ? target.uri : uriOf({ ...named, container });
        return { state: 'done', detail: `container ${id.slice(0, 12)} runs`, successor: { uri, id } };
      },
      async retire(permit) {
        const { named, engine } = at(permit.target.uri);
        await retire(await engine, named.container, permit, of(settings));
      },
      close: () => engines.close(),
    };
  },
};

function tokenOf(token: string): { failed?: string } {
  try {
    const { failed } = object(JSON.parse(token) as unknown);
    return typeof failed === 'string' ? { failed } : {};
  } catch {
    throw new ReplaceError('the token is none of this driver');
  }
}
