import { isDeepStrictEqual } from 'node:util';
import { list, object, text } from '../json.ts';

type Json = Record<string, unknown>;

/** Label that a container bears whose creation belongs to a replacement: its key. */
export const keyLabel = 'snowfence.key';

/** What is asked of the daemon to get a container with the settings of another. */
export interface Creation {
  /** Body of `POST /containers/create`. */
  body: Json;
  /** Networks beside the first one: older daemons take only one at creation. Bodies of `POST /networks/NAME/connect`. */
  connect: { network: string; endpoint: Json }[];
}

/** What the new container has otherwise. */
export interface Changes {
  /** Name or id of the image that it is created of. */
  image: string;
  key: string;
  /** Minor number of the API's version: since 44 the MAC address belongs to the network. */
  minor: number;
}

/**
 * Gives what `docker run` was given for a container, out of what `docker inspect` says of it. The daemon merges the image's defaults
 * into a container's configuration (moby, daemon/commit.go `merge`): what equals a default of the old image is left out, so
 * that the new image's own hold. Pure.
 */
export function creationOf(container: Json, oldImage: Json, changes: Changes): Creation {
  const config = object(container['Config']);
  const host = object(container['HostConfig']);
  const mode = text(host['NetworkMode']);
  const body: Json = {
    ...withoutDefaults(config, oldImage),
    ...hostNames(container, mode, host),
    Image: changes.image,
    HostConfig: hostConfig(host),
  };
  body['Labels'] = { ...object(body['Labels']), [keyLabel]: changes.key };
  const mac = text(config['MacAddress']);
  delete body['MacAddress'];
  const [first, ...others] = endpoints(container, mode);
  if (mac !== '' && (changes.minor < 44 || !first)) body['MacAddress'] = mac;
  if (first)
    body['NetworkingConfig'] = {
      EndpointsConfig: {
        [first.network]: { ...first.endpoint, ...(mac !== '' && changes.minor >= 44 ? { MacAddress: mac } : {}) },
      },
    };
  return { body, connect: others };
}

/** Fields of a configuration that the daemon takes from the image where they are not given. */
function withoutDefaults(config: Json, image: Json): Json {
  const own: Json = { ...config };
  delete own['OnBuild'];
  const same = (key: string) => isDeepStrictEqual(empty(config[key]), empty(image[key]));
  for (const key of ['User', 'WorkingDir', 'StopSignal', 'Shell']) if (same(key)) delete own[key];
  const defaults = list(image['Env']);
  own['Env'] = list(config['Env']).filter((value) => !defaults.includes(value));
  for (const key of ['ExposedPorts', 'Volumes', 'Labels']) own[key] = less(object(config[key]), object(image[key]));
  // The image's command belongs to the image's entry point: it is taken only where neither was given.
  if (same('Entrypoint')) {
    delete own['Entrypoint'];
    if (same('Cmd')) delete own['Cmd'];
  }
  const check = less(object(config['Healthcheck']), object(image['Healthcheck']));
  if (Object.keys(check).length > 0) own['Healthcheck'] = check;
  else delete own['Healthcheck'];
  return own;
}

/** Older and newer daemons say "nothing" in three ways. */
function empty(value: unknown): unknown {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0) ? undefined : value;
}

/** Entries of the first that the second does not have as they are. */
function less(all: Json, some: Json): Json {
  return Object.fromEntries(
    Object.entries(all).filter(([key, value]) => !Object.hasOwn(some, key) || !isDeepStrictEqual(some[key], value)),
  );
}

/** A host name that nobody chose is the beginning of the id; who shares a name or a network may have none of its own. */
function hostNames(container: Json, mode: string, host: Json): Json {
  const { Hostname: name } = object(container['Config']);
  const shared = mode.startsWith('container:') || host['UTSMode'] === 'host';
  if (shared) return { Hostname: '', Domainname: '', ...(mode.startsWith('container:') ? { ExposedPorts: {} } : {}) };
  return text(name) === shortId(container) ? { Hostname: '' } : {};
}

function hostConfig(host: Json): Json {
  const own = { ...host };
  delete own['ContainerIDFile'];
  // Told as /OTHER:/THIS/ALIAS, asked for as OTHER:ALIAS.
  const links = list(host['Links']).map((link) => /^\/?([^:]+):(?:.*\/)?([^/]+)$/.exec(text(link)));
  own['Links'] = links.flatMap((match) => (match ? [`${match[1]}:${match[2]}`] : []));
  return own;
}

/** What was asked of each network, the container's first one before the others; nothing that the network gave by itself. */
function endpoints(container: Json, mode: string): Creation['connect'] {
  if (mode === 'host' || mode === 'none' || mode.startsWith('container:')) return [];
  const own = [shortId(container), text(object(container['Config'])['Hostname'])];
  const first = mode === 'default' || mode === '' ? 'bridge' : mode;
  const all = Object.entries(object(object(container['NetworkSettings'])['Networks']));
  return all
    .map(([network, value]) => {
      const { IPAMConfig, Links, Aliases, DriverOpts, NetworkID } = object(value);
      const aliases = list(Aliases).filter((alias) => !own.includes(text(alias)));
      const endpoint: Json = {
        ...(Object.keys(object(IPAMConfig)).length > 0 ? { IPAMConfig } : {}),
        ...(list(Links).length > 0 ? { Links } : {}),
        ...(aliases.length > 0 ? { Aliases: aliases } : {}),
        ...(Object.keys(object(DriverOpts)).length > 0 ? { DriverOpts } : {}),
      };
      return { network, endpoint, first: network === first || NetworkID === first };
    })
    .sort((a, b) => Number(b.first) - Number(a.first) || (a.network < b.network ? -1 : 1))
    .map(({ network, endpoint }) => ({ network, endpoint }));
}

function shortId(container: Json): string {
  return text(container['Id']).slice(0, 12);
}

/** Where volumes are mounted that have no name: they go with their container. Pure. */
export function anonymousVolumes(container: Json): string[] {
  const host = object(container['HostConfig']);
  const given = new Set([
    ...list(host['Binds']).map((bind) => text(bind).split(':')[0]),
    ...list(host['Mounts']).map((mount) => text(object(mount)['Source'])),
  ]);
  const own = object(object(container['Config'])['Volumes']);
  const borrows = list(host['VolumesFrom']).length > 0;
  return list(container['Mounts'])
    .map(object)
    .filter(({ Type, Name }) => Type === 'volume' && /^[0-9a-f]{64}$/.test(text(Name)) && !given.has(text(Name)))
    .map(({ Destination }) => text(Destination))
    .filter((place) => !borrows || Object.hasOwn(own, place))
    .sort();
}
