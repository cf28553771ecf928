import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { printable } from '../../core/bytes.ts';
import { messageOf } from '../../core/errors.ts';
import { ReplaceError } from '../../core/replacement.ts';

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

/** A container as an instance's URI names it. */
export interface Named {
  /** Name or id, or the beginning of an id. */
  container: string;
  /** The daemon that the URI names; undefined = whichever the settings or the environment name. */
  host?: string;
}

/** Schema of a daemon's address in the settings of a driver. */
export const hostSchema = { type: 'string', pattern: '^(unix:///|(tcp|http|https)://).+' } as const;

/** Takes `docker://CONTAINER[?host=...]` apart; undefined for any other URI. Pure. */
export function parseUri(uri: string): Named | undefined {
  const match = /^docker:\/\/([A-Za-z0-9][A-Za-z0-9_.-]{0,254})\/?(?:\?(.*))?$/.exec(uri);
  if (!match?.[1]) return undefined;
  const host = new URLSearchParams(match[2] ?? '').get('host');
  return { container: match[1], ...(host ? { host } : {}) };
}

/** The other way round. */
export function uriOf({ container, host }: Named): string {
  const query = host === undefined ? '' : `?host=${host.replace(/[%&+#\s]/g, encodeURIComponent)}`;
  return `docker://${container}${query}`;
}

/** The daemon that is meant: the given one, else `DOCKER_HOST`, else the usual socket. @throws ReplaceError */
export function endpointOf(given: string | undefined, env: Readonly<Record<string, string | undefined>>): Endpoint {
  const name = given || env['DOCKER_HOST'] || 'unix:///var/run/docker.sock';
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(name) ?? [];
  if (scheme === 'unix' && rest.startsWith('/')) return { name, origin: 'http://docker', socketPath: rest };
  const host = rest.replace(/\/$/, '');
  if (!['tcp', 'http', 'https'].includes(scheme) || !/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/.test(host))
    throw new ReplaceError(`cannot talk to a Docker daemon at "${printable(name.slice(0, 300))}"`, {
      hint: 'name it by unix:///path or tcp://HOST:PORT',
    });
  const secure = scheme === 'https' || Boolean(env['DOCKER_TLS_VERIFY']);
  const address = /:\d+$/.test(host) ? host : `${host}:${secure ? 2376 : 2375}`;
  return secure ? { name, origin: `https://${address}`, tls: credentials(env) } : { name, origin: `http://${address}` };
}

/** The client's certificate and the authority, where the Docker client keeps them. */
function credentials(env: Readonly<Record<string, string | undefined>>): NonNullable<Endpoint['tls']> {
  const directory = env['DOCKER_CERT_PATH'] || join(env['HOME'] || homedir(), '.docker');
  const tls: NonNullable<Endpoint['tls']> = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const file = join(directory, `${name}.pem`);
    try {
      tls[name] = readFileSync(file, 'utf8');
    } catch (error) {
      // Without a certificate of its own a daemon may still let us in, by one that the system trusts.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new ReplaceError(`cannot read ${file}: ${messageOf(error)}`, { hint: 'see DOCKER_CERT_PATH' });
    }
  }
  return tls;
}
