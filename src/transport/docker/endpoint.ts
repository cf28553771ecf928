import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf, ReachError } from '../../core/errors.ts';

/** Where a Docker daemon listens. */
export interface Endpoint {
  /** As a person wrote it, for messages. */
  name: string;
  /** Base of the URLs. */
  origin: string;
  /** Unix socket, when it is one. */
  socketPath?: string;
  tls?: { ca?: string; cert?: string; key?: string };
}

/** Environment variables that the Docker client knows. */
export type Environment = Readonly<Record<string, string | undefined>>;

const usage =
  'write docker://CONTAINER, or docker://CONTAINER?host=tcp://HOST:2376 for another daemon than DOCKER_HOST';

/**
 * Takes `docker://CONTAINER[?host=unix:///path|tcp://host:port]` apart. @throws ReachError `unsupported` for what is no
 * container's name or id (Docker's own rule: letters, digits, `_`, `.` and `-`).
 */
export function parseDockerUri(uri: string, env: Environment): { container: string; endpoint: Endpoint } {
  const match = /^docker:\/\/([A-Za-z0-9][A-Za-z0-9_.-]{0,254})\/?(?:\?(.*))?$/.exec(uri);
  if (!match?.[1]) throw new ReachError('unsupported', `"${uri}" names no container`, usage);
  const query = new URLSearchParams(match[2] ?? '');
  const odd = [...query.keys()].find((key) => key !== 'host');
  if (odd !== undefined) throw new ReachError('unsupported', `"${uri}": unknown parameter "${odd}"`, usage);
  return { container: match[1], endpoint: endpointOf(query.get('host') ?? undefined, env) };
}

/** The daemon that is meant: the given one, else `DOCKER_HOST`, else the usual socket. @throws ReachError */
export function endpointOf(given: string | undefined, env: Environment): Endpoint {
  const name = given || env['DOCKER_HOST'] || 'unix:///var/run/docker.sock';
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(name) ?? [];
  if (scheme === 'unix' && rest.startsWith('/')) return { name, origin: 'http://docker', socketPath: rest };
  if (scheme === 'tcp' || scheme === 'http' || scheme === 'https') {
    const secure = scheme === 'https' || Boolean(env['DOCKER_TLS_VERIFY']);
    const host = rest.replace(/\/$/, '');
    if (!/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/.test(host))
      throw new ReachError('unsupported', `"${name}" is no address of a Docker daemon`, 'write tcp://HOST:PORT');
    const address = /:\d+$/.test(host) ? host : `${host}:${secure ? 2376 : 2375}`;
    return secure
      ? { name, origin: `https://${address}`, tls: credentials(env) }
      : { name, origin: `http://${address}` };
  }
  const hint =
    scheme === 'ssh'
      ? 'forward the socket (ssh -N -L /tmp/docker.sock:/var/run/docker.sock HOST) and name unix:///tmp/docker.sock'
      : 'a daemon is named by unix:///path or tcp://HOST:PORT';
  throw new ReachError('unsupported', `cannot talk to a Docker daemon at "${name}"`, hint);
}

/** The client's certificate and the authority, where the Docker client keeps them. */
function credentials(env: Environment): NonNullable<Endpoint['tls']> {
  const directory = env['DOCKER_CERT_PATH'] || join(homedir(), '.docker');
  const read = (file: string): string | undefined => {
    try {
      return readFileSync(join(directory, file), 'utf8');
    } catch (error) {
      // Without a certificate of its own a daemon may still let us in, by one that the system trusts.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new ReachError('auth', `cannot read ${join(directory, file)}: ${messageOf(error)}`, 'see DOCKER_CERT_PATH');
    }
  };
  const [ca, cert, key] = [read('ca.pem'), read('cert.pem'), read('key.pem')];
  return { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
}
