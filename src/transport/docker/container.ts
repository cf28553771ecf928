import { printable } from '../../core/bytes.ts';
import type { ContainerFacts, ContainerMount } from '../../core/container.ts';
import { ReachError } from '../../core/errors.ts';
import type { DockerApi } from './api.ts';
import { list, object, text } from './json.ts';

/** A running container as its daemon describes it. */
export interface Container extends ContainerFacts {
  name: string;
  /** `sha256:...` of the image that it was made from. */
  image: string;
  /** Process id of its first process, as the daemon's machine counts. */
  pid: number;
  /** Root in it may read every file: the daemon left it the capability. */
  rootReadsAll: boolean;
}

/** Files that the daemon makes for each container and mounts over the image's. */
const ownFiles = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];
/** Where `--init` mounts its init; /sbin is a link to /usr/sbin in most images. */
const initFiles = ['/sbin/docker-init', '/usr/sbin/docker-init'];

/** Asks for a container by name, id, or the beginning of an id. @throws ReachError when there is none, or it does not run. */
export async function inspectContainer(api: DockerApi, asked: string): Promise<Container> {
  const said = object(await api.json('GET', `/containers/${encodeURIComponent(asked)}/json`));
  const [state, host, config] = [object(said['State']), object(said['HostConfig']), object(said['Config'])];
  const id = text(said['Id']);
  const image = text(said['Image']);
  if (!/^[0-9a-f]{64}$/.test(id) || !/^sha256:[0-9a-f]{64}$/.test(image))
    throw new ReachError('garbled', `the daemon's description of the container "${asked}" is not understood`);
  if (said['Platform'] !== undefined && said['Platform'] !== 'linux')
    throw new ReachError('unsupported', `the container "${asked}" is not of Linux`);
  refuseAtRest(asked, state);
  return {
    id,
    name: text(said['Name']).replace(/^\//, ''),
    image,
    hostname: text(config['Hostname']),
    pid: Number(state['Pid']) || 0,
    mounts: mountsOf(said, host),
    hosts: hostsOf(config, host),
    rootReadsAll: rootReadsAll(host),
  };
}

function refuseAtRest(asked: string, state: Record<string, unknown>): void {
  const status = printable(text(state['Status'])).slice(0, 40);
  if (state['Paused'] === true)
    throw new ReachError('unreachable', `the container "${asked}" is paused`, `"docker unpause ${asked}" first`);
  if (state['Running'] !== true || state['Restarting'] === true)
    throw new ReachError(
      'unreachable',
      `the container "${asked}" does not run (${status || 'stopped'})`,
      'a stopped container has nothing to drift: start it, or take it out of the inventory',
    );
}

/** What lies over the image's files since the container was made. */
function mountsOf(said: Record<string, unknown>, host: Record<string, unknown>): ContainerMount[] {
  const mounts = new Map<string, ContainerMount>();
  const put = (path: string, type: string, kind: ContainerMount['kind']): void => {
    const raw = Buffer.from(path, 'utf8')
      .toString('latin1')
      .replace(/(.)\/+$/, '$1');
    if (raw.startsWith('/') && raw !== '/' && !raw.includes('\0')) mounts.set(raw, { path: raw, type, kind });
  };
  for (const path of ownFiles) put(path, 'docker', 'file');
  if (host['Init'] === true) for (const path of initFiles) put(path, 'docker-init', 'program');
  for (const path of Object.keys(object(host['Tmpfs']))) put(path, 'tmpfs', 'data');
  for (const mount of list(said['Mounts']).map(object)) {
    put(text(mount['Destination']), printable(text(mount['Type'])).slice(0, 20) || 'volume', 'data');
  }
  return [...mounts.values()];
}

/** Names that Docker puts into /etc/hosts: the container's own, and those of `--add-host NAME:ADDRESS`. */
function hostsOf(config: Record<string, unknown>, host: Record<string, unknown>): ContainerFacts['hosts'] {
  const [name, domain] = [text(config['Hostname']), text(config['Domainname'])];
  const own = [name, name.split('.')[0] ?? '', ...(domain ? [`${name}.${domain}`] : [])].filter(Boolean);
  const extra = list(host['ExtraHosts']).map((line) => /^([^:=]+)[:=](.+)$/.exec(text(line)));
  return [
    { address: '', names: own },
    ...extra.map((match) => ({
      address: match?.[2] === 'host-gateway' ? '' : (match?.[2] ?? '').replace(/^\[(.*)\]$/, '$1'),
      names: match?.[1] ? [match[1]] : [],
    })),
  ];
}

/** CAP_DAC_OVERRIDE is among the capabilities that Docker leaves to root unless told otherwise. */
function rootReadsAll(host: Record<string, unknown>): boolean {
  if (host['Privileged'] === true) return true;
  const names = (key: string): string[] => list(host[key]).map((name) => text(name).toUpperCase().replace(/^CAP_/, ''));
  const [added, dropped] = [names('CapAdd'), names('CapDrop')];
  if (added.includes('ALL') || added.includes('DAC_OVERRIDE') || added.includes('DAC_READ_SEARCH')) return true;
  return !dropped.includes('ALL') && !dropped.includes('DAC_OVERRIDE');
}
