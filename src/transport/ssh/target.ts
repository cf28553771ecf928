import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { ReachError } from '../../core/errors.ts';
import type { Reach } from '../../core/ports.ts';
import { parseSshUri, type SshAddress } from './address.ts';
import { localUser, resolveSettings, type Settings } from './config.ts';
import { configFiles } from './config-file.ts';
import { knownName } from './known-hosts.ts';
import { type Named, proxyCommand } from './proxy-command.ts';

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
  /** How one gets there; undefined = straight. */
  road?: Road;
  /** The only good keys, where the inventory gives them. */
  hostKeys?: readonly string[];
  /** Where a key may be pinned at first use; undefined = never. */
  pinFile?: string;
  /** What this client cannot do, though the configuration asks for it: for the story of a login that failed. */
  cannot: string[];
  /** `ConnectTimeout` of the configuration. Milliseconds. */
  connectMs?: number;
}

/** The road to a host: a program that carries the bytes, or a host that one logs in to on the way. */
export type Road = { command: string } | { through: Target };

/** More jumps than this are a loop. */
const maxJumps = 8;

/**
 * Resolves an address, and the jump hosts on its road, by the OpenSSH configuration and `reach`, which outranks it.
 * `jumps` counts how far from the instance this host is. @throws ReachError `unsupported`.
 */
export async function resolveTarget(address: SshAddress, reach: Reach, jumps = 0): Promise<Target> {
  const settings = await resolveSettings(address, configFiles(reach.sshConfig));
  const get = (keyword: string): string | undefined => settings.get(keyword)?.[0];
  const host = get('hostname') ?? address.host;
  const port = Number(get('port') ?? 22);
  if (!(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new ReachError('unsupported', `the OpenSSH configuration gives ${address.host} the port "${get('port')}"`);
  }
  const user = get('user') ?? localUser();
  const alias = get('hostkeyalias');
  const tokens = tokensOf({ host, port, user, original: address.host, alias: alias ?? host });
  const path = (text: string): string => expand(text, tokens);
  const files = (keyword: string, usual: string[]): Target['knownHosts'] => {
    const named = settings.get(keyword)?.filter((name) => name !== 'none');
    return (named ?? usual).map((name) => ({ path: path(name), required: named !== undefined }));
  };
  const pinning = reach.hostKeyPolicy === 'accept-new';
  const seconds = Number(get('connecttimeout'));
  const agent = agentOf(get('identityagent'), path);
  const proxy = reach.proxyJump === undefined ? settings.get('proxy') : ['proxyjump', reach.proxyJump];
  const road = await roadOf(proxy, { host, port, user, original: address.host, alias: '' }, reach, jumps);
  // A jump host has keys of its own where the configuration names some; else those that get us everywhere.
  const ownKeys = jumps > 0 && settings.has('identityfile');
  return {
    host,
    port,
    user,
    // As OpenSSH: a key known without a port is good on every port of that host.
    knownNames: alias ? [alias] : port === 22 ? [knownName(host, 22)] : [knownName(host, port), knownName(host, 22)],
    knownHosts: reach.knownHosts?.map((name) => ({ path: withHome(name), required: !pinning })) ?? [
      ...files('userknownhostsfile', ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']),
      ...files('globalknownhostsfile', ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']),
      { path: ownPins(), required: false },
    ],
    identityFiles:
      (ownKeys ? undefined : reach.identityFiles?.map((name) => ({ path: withHome(name), required: true }))) ??
      files(
        'identityfile',
        ['id_ed25519', 'id_ecdsa', 'id_rsa', 'id_ed25519_sk', 'id_ecdsa_sk'].map((name) => `~/.ssh/${name}`),
      ),
    identitiesOnly: isYes(get('identitiesonly')),
    ...(agent ? { agent } : {}),
    ...(road ? { road } : {}),
    ...(reach.hostKeys ? { hostKeys: reach.hostKeys } : {}),
    ...(pinning ? { pinFile: pinFileOf(reach) } : {}),
    cannot: cannotDo(settings),
    ...(seconds > 0 ? { connectMs: seconds * 1000 } : {}),
  };
}

/** Where keys are pinned when nobody names a file. */
export function ownPins(): string {
  return join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'snowfence', 'known_hosts');
}

/** The file that a new key goes to: the first that somebody named, else one of our own. */
export function pinFileOf({ knownHosts }: Reach): string {
  return knownHosts?.[0] ? withHome(knownHosts[0]) : ownPins();
}

function cannotDo(settings: Settings): string[] {
  return [
    ...(settings.has('certificatefile') ? [`the certificate ${settings.get('certificatefile')?.[0]}`] : []),
    // Not GSSAPI: distributions switch it on for everybody, and what a server takes tells more.
    ...((settings.get('pkcs11provider')?.[0] ?? 'none') === 'none' ? [] : ['a PKCS#11 token']),
  ];
}

async function roadOf(
  [keyword, value = '']: string[] = [],
  named: Named,
  reach: Reach,
  jumps: number,
): Promise<Road | undefined> {
  if (keyword === undefined || value === '' || value.toLowerCase() === 'none') return undefined;
  if (keyword === 'proxycommand') return { command: proxyCommand(value, named) };
  const hops = value.split(',').map((hop) => hop.trim());
  const last = hops.pop() ?? '';
  const hop = parseSshUri(/^ssh:\/\//.test(last) ? last : `ssh://${last}`);
  const { host, port, user, original } = named;
  if (hop.host === original && (hop.port ?? port) === port && (hop.user ?? user) === user) {
    throw new ReachError('unsupported', `the road to ${host} leads through ${host} itself`, loop);
  }
  if (jumps >= maxJumps) {
    throw new ReachError(
      'unsupported',
      `the road to ${named.host} leads through more than ${maxJumps} jump hosts`,
      loop,
    );
  }
  const { sshConfig, knownHosts, identityFiles, passphrase, hostKeyPolicy, retries } = reach;
  const before = hops.length > 0 ? { proxyJump: hops.join(',') } : {};
  const through = await resolveTarget(
    hop,
    // Never the instance's own secrets or keys: a password that is for one host is not told to another.
    JSON.parse(
      JSON.stringify({ sshConfig, knownHosts, identityFiles, passphrase, hostKeyPolicy, retries, ...before }),
    ) as Reach,
    jumps + 1,
  );
  return { through };
}

const loop = 'except jump hosts from their own rule: "Host * !bastion", or "ProxyJump none" for them';

function agentOf(named: string | undefined, path: (text: string) => string): string | undefined {
  if (named === 'none') return undefined;
  if (named === undefined || named === 'SSH_AUTH_SOCK') return process.env['SSH_AUTH_SOCK'];
  return named.startsWith('$') && !named.startsWith('${') ? process.env[named.slice(1)] : path(named);
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
