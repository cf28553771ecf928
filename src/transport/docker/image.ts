import type { HeldImage } from '../../core/container.ts';
import { ReachError } from '../../core/errors.ts';
import type { Limits } from '../../core/ports.ts';
import { DockerApi } from './api.ts';
import { type Endpoint, endpointOf } from './endpoint.ts';
import { list, object, text } from './json.ts';

/** An image of the daemon that `DOCKER_HOST` names, by tag, digest or id. @throws ReachError */
export async function openImage(ref: string, limits: Limits, signal: AbortSignal): Promise<HeldImage> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,511}$/.test(ref))
    throw new ReachError(
      'unsupported',
      `"${ref}" is no name of an image`,
      'write docker-image:NAME[:TAG] or docker-image:sha256:HEX',
    );
  const endpoint = endpointOf(undefined, process.env);
  const api = await DockerApi.open(endpoint, limits.connectMs, signal);
  try {
    return await describeImage(api, ref, limits);
  } finally {
    await api.close();
  }
}

/** Digest and names of an image. @throws ReachError when the daemon has none of that name. */
export async function describeImage(api: DockerApi, ref: string, limits: Limits): Promise<HeldImage> {
  const said = object(await api.json('GET', `/images/${encodeURI(ref)}/json`));
  const digest = text(said['Id']);
  if (!/^sha256:[0-9a-f]{64}$/.test(digest))
    throw new ReachError('garbled', `the daemon's description of the image "${ref}" is not understood`);
  const names = [...list(said['RepoTags']), ...list(said['RepoDigests'])]
    .map(text)
    .filter((name) => !/^$|<none>/.test(name));
  return heldImage(api.endpoint, digest, names, limits);
}

/** An image that can be read, as long as the daemon has it. */
export function heldImage(endpoint: Endpoint, digest: string, names: string[], limits: Limits): HeldImage {
  return {
    digest,
    names,
    source: `docker-image:${digest}`,
    async *save(signal) {
      const api = await DockerApi.open(endpoint, limits.connectMs, signal);
      try {
        yield* api.stream(`/images/${digest}/get`);
      } finally {
        await api.close();
      }
    },
  };
}
