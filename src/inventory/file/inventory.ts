import { dirname, resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { Instance, Reach } from '../../core/ports.ts';
import type { FleetDefaults, FleetFile, FleetHost } from '../../schema/fleet.ts';
import { uriOf } from '../uri/inventory.ts';

/** Instances of a fleet file. A host's own settings outrank its group's, these the defaults. @throws UserError for a name twice. */
export function instancesOfFleet(fleet: FleetFile, path: string): Instance[] {
  const base = dirname(resolve(path));
  const instances: Instance[] = [];
  const add = (host: FleetHost, group: string, settings: FleetDefaults[]) => {
    const own = typeof host === 'string' ? { address: host } : host;
    const merged = merge([...settings, own]);
    const uri = withReach(uriOf(own.address), merged);
    const name = 'name' in own && own.name ? own.name : own.address.replace(/^ssh:\/\//, '');
    const manifest = merged.manifest ? resolve(base, merged.manifest) : undefined;
    instances.push({
      id: name,
      uri,
      name,
      group,
      labels: { ...merged.labels },
      ...(merged.image ? { image: merged.image } : {}),
      ...(manifest ? { manifest } : {}),
      ...(merged.launchKeys ? { launchKeys: [...merged.launchKeys] } : {}),
      reach: reachOf(merged, base),
    });
  };
  for (const host of fleet.hosts ?? []) add(host, '', [fleet.defaults ?? {}]);
  for (const [name, group] of Object.entries(fleet.groups ?? {})) {
    for (const host of group.hosts) add(host, name, [fleet.defaults ?? {}, group]);
  }
  const seen = new Set<string>();
  for (const { id } of instances) {
    if (seen.has(id)) throw new UserError(`${path}: "${id}" stands there twice`, 'give each host a name of its own');
    seen.add(id);
  }
  return instances;
}

function merge(settings: FleetDefaults[]): FleetDefaults {
  const labels = Object.assign({}, ...settings.map((s) => s.labels ?? {})) as Record<string, string>;
  return Object.assign({}, ...settings, { labels }) as FleetDefaults;
}

/** User and port of the file go into the URI unless it names its own. */
function withReach(uri: string, { user, port }: FleetDefaults): string {
  const match = /^ssh:\/\/(?:([^@/]*)@)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?$/.exec(uri);
  if (!match) return uri;
  const [, ownUser, host, ownPort] = match;
  const name = ownUser ?? user;
  const number = ownPort ?? port;
  return `ssh://${name ? `${name}@` : ''}${host}${number ? `:${number}` : ''}`;
}

/** Settings that go into `reach` as they are. */
const asWritten = ['sudoPassword', 'sudoCommand', 'sshClient', 'proxyJump', 'hostKeyPolicy', 'retries'] as const;

function reachOf(settings: FleetDefaults, base: string): Reach {
  const file = (path: string) => (path.startsWith('~') ? path : resolve(base, path));
  return {
    ...(settings.sshConfig ? { sshConfig: file(settings.sshConfig) } : {}),
    ...(settings.knownHosts ? { knownHosts: settings.knownHosts.map(file) } : {}),
    ...(settings.identityFiles ? { identityFiles: settings.identityFiles.map(file) } : {}),
    ...(settings.password ? { password: settings.password } : {}),
    ...(settings.passphrase ? { passphrase: settings.passphrase } : {}),
    ...(settings.sudo ? { sudo: true } : {}),
    ...(settings.ssm ? { ssm: settings.ssm } : {}),
    ...(settings.hostKeys ? { hostKeys: [...settings.hostKeys] } : {}),
    ...Object.fromEntries(asWritten.flatMap((key) => (settings[key] === undefined ? [] : [[key, settings[key]]]))),
  };
}
