import { ReplaceError } from '../../core/replacement.ts';
import type { Engine } from '../engine/client.ts';
import { list, object, text } from '../json.ts';
import { anonymousVolumes } from './body.ts';
import type { Seen } from './find.ts';

/** Labels of containers that somebody else launches anew by himself, and who does. */
const keepers: [label: string, who: string, hint: string][] = [
  ['com.docker.swarm.task.id', 'a task of a swarm', 'use the driver "swarm"'],
  ['io.kubernetes.pod.name', 'a container of a pod', 'delete the pod: its controller makes another'],
];

/** Finds what forbids to recreate a container, before anything is touched. @throws ReplaceError */
export async function refuse(
  engine: Engine,
  container: Seen,
  key: string,
  settings: { anonymousVolumes?: 'refuse' | 'discard' },
): Promise<void> {
  const name = text(container['Name']).slice(1);
  const labels = object(object(container['Config'])['Labels']);
  for (const [label, who, hint] of keepers)
    if (Object.hasOwn(labels, label)) throw new ReplaceError(`${name} is ${who}`, { hint });
  if (object(container['HostConfig'])['AutoRemove'] === true)
    throw new ReplaceError(
      `${name} was started with --rm: it would be gone when it is stopped, and could not be put back`,
      {
        hint: 'start it without --rm',
      },
    );
  const volumes = anonymousVolumes(container);
  if (volumes.length > 0 && settings.anonymousVolumes !== 'discard')
    throw new ReplaceError(`${name} keeps data in volumes without a name (${volumes.join(', ').slice(0, 300)})`, {
      hint: 'give them names, or set "anonymousVolumes: discard" if their data may be lost',
    });
  if (object(container['State'])['Running'] !== true && !name.endsWith(`-${key}`))
    throw new ReplaceError(`the container ${name} does not run`, { hint: 'start or remove it by hand' });
  const id = text(container['Id']);
  const all = list(await engine.call('GET', '/containers/json?all=1')).map(object);
  const lives = all.find((one) => text(object(one['HostConfig'])['NetworkMode']) === `container:${id}`);
  if (lives)
    throw new ReplaceError(`the container ${text(list(lives['Names'])[0]).slice(1)} lives in the network of ${name}`, {
      hint: 'it would lose it: recreate both by hand',
    });
}
