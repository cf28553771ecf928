import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { ReachError } from '../../core/errors.ts';
import type { Reach } from '../../core/ports.ts';
import type { SshAddress } from './address.ts';
import { localUser, resolveSettings } from './config.ts';
import { configFiles } from './config-file.ts';
import { knownName } from './known-hosts.ts';

/** Everything that has to be known before a host is called. */
export interface Target {
  /** Name or address to connect to. */
  host: string;
  port: number;
  user: string;
  /** What known-hosts files call it, best name first. */
  knownNames: [string, ...string[]];
  /** Files that may hold its key; `required` = somebody named them. */
  knownHosts: { path: string; required: boolean }[];
  /** Private (or public, for a key of the agent) key files; `required` = somebody named them. */
  identityFiles: { path: string; required: boolean }[];
  /** Only the keys of `identityFiles`, even from the agent. */
  identitiesOnly: boolean;
  /** Socket of the ssh-agent. */
  agent?: string;
  /** `ConnectTimeout` of the configuration. Milliseconds. */
  connectMs?: number;
}

/** Resolves an address by the OpenSSH configuration and `reach`, which outranks it. @throws ReachError `unsupported`. */
export async function resolveTarget(address: SshAddress, reach: Reach): Promise<Target> {
  const settings = await resolveSettings(address, configFiles(reach.sshConfig));
  const get = (keyword: string): string | undefined => settings.get(keyword)?.[0];
  const host = get('hostname') ?? address.host;
  const port = Number(get('port') ?? 22);
  if (!(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new ReachError('unsupported', `the OpenSSH configuration gives ${address.host} the port "${get('port')}"`);
  }
  const user = get('user') ?? localUser();
  refuseProxy(settings.get('proxy'), host, port);

  const alias = get('hostkeyalias');
  const tokens = tokensOf({ host, port, user, original: address.host, alias: alias ?? host });
  const path = (text: string): string => expand(text, tokens);
  const files = (keyword: string, usual: string[]): Target['knownHosts'] => {
    const named = settings.get(keyword)?.filter((name) => name !== 'none');
    return (named ?? usual).map((name) => ({ path: path(name), required: named !== undefined }));
  };
  const seconds = Number(get('connecttimeout'));
  const agent = agentOf(get('identityagent'), path);
  return {
    host,
    port,
    user,
    // As OpenSSH: a key known without a port is good on every port of that host.
    knownNames: alias ? [alias] : port === 22 ? [knownName(host, 22)] : [knownName(host, port), knownName(host, 22)],
    knownHosts: reach.knownHosts?.map((name) => ({ path: withHome(name), required: true })) ?? [
      ...files('userknownhostsfile', ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']),
      ...files('globalknownhostsfile', ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']),
    ],
    identityFiles:
      reach.identityFiles?.map((name) => ({ path: withHome(name), required: true })) ??
      files('identityfile', ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa']),
    identitiesOnly: isYes(get('identitiesonly')),
    ...(agent ? { agent } : {}),
    ...(seconds > 0 ? { connectMs: seconds * 1000 } : {}),
  };
}

function refuseProxy([keyword, ...args]: string[] = [], host: string, port: number): void {
  if (keyword === undefined || args.join(' ').toLowerCase() === 'none') return;
  const jump = keyword === 'proxyjump' ? args[0] : 'BASTION';
  throw new ReachError(
    'unsupported',
    `the OpenSSH configuration leads to ${host} through ${keyword === 'proxyjump' ? `ProxyJump ${jump}` : 'a ProxyCommand'}, and the built-in ssh client cannot go that way yet`,
    `forward a port (ssh -N -L 2222:${host}:${port} ${jump}) and scan ssh://USER@127.0.0.1:2222, with "HostKeyAlias ${host}" in a file that reach.sshConfig names; or run snowfence on the bastion`,
  );
}

function agentOf(named: string | undefined, path: (text: string) => string): string | undefined {
  if (named === 'none') return undefined;
  if (named === undefined || named === 'SSH_AUTH_SOCK') return process.env['SSH_AUTH_SOCK'];
  return named.startsWith('$') && !named.startsWith('${') ? process.env[named.slice(1)] : path(named);
}

interface Named {
  host: string;
  port: number;
  user: string;
  original: string;
  alias: string;
}

function tokensOf({ host, port, user, original, alias }: Named): Record<string, string> {
  const name = hostname();
  return {
    '%': '%',
    d: homedir(),
    h: host,
    i: String(process.getuid?.() ?? ''),
    k: alias,
    L: name.split('.')[0] ?? '',
    l: name,
    n: original,
    p: String(port),
    r: user,
    u: localUser(),
  };
}

/** Expands `~`, `%x` tokens and `${NAME}` in a path, as OpenSSH does. @throws ReachError for what it does not know. */
export function expand(text: string, tokens: Record<string, string>): string {
  const unknown = (what: string): ReachError =>
    new ReachError('unsupported', `cannot expand ${what} in "${text}" of the OpenSSH configuration`);
  return withHome(text).replace(/%(.?)|\$\{([^}]*)\}/g, (all, token?: string, name?: string) => {
    const value = name === undefined ? tokens[token ?? ''] : process.env[name];
    if (value === undefined) throw unknown(all);
    return value;
  });
}

function withHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

function isYes(word: string | undefined): boolean {
  return word === 'yes' || word === 'true';
}
