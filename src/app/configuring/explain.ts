import { locatorOf } from '../../config/locate.ts';
import { maskWords, namesSecret } from '../../core/mask.ts';
import type { Reach } from '../../core/ports.ts';
import { instancesOfFleet } from '../../inventory/file/inventory.ts';
import type { FleetDefaults, FleetFile, FleetHost } from '../../schema/fleet.ts';
import { checkFleet } from './check.ts';

/** One effective setting: what holds, and who said so. */
export interface Setting {
  key: string;
  value: unknown;
  /** `flag --x`, `environment X`, `file:line:column (section)` or `default`. */
  from: string;
}

const openssh = '(your OpenSSH configuration)';

/** What holds for an instance of which nobody says anything; those with brackets are decided elsewhere. */
const ofInstance: Readonly<Record<string, unknown>> = {
  image: '(what the instance says: cloud-init, os-release)',
  manifest: '(found in the store by the image)',
};

/** The same for instances that are reached by SSH. */
const ofSsh: Readonly<Record<string, unknown>> = {
  ...{ user: openssh, port: openssh, sudo: false, sshClient: 'builtin', proxyJump: openssh },
  ...{ hostKeyPolicy: 'known', knownHosts: openssh, identityFiles: openssh, retries: 2 },
};

/** What holds in the section `notify` unless it says otherwise. Seconds, hours. */
const ofNotify: Readonly<Record<string, unknown>> = { deliverSeconds: 30, giveUpHours: 24 };

/** The same for a job. */
const ofJob: Readonly<Record<string, unknown>> = {
  ...{ zone: 'UTC', jitterSeconds: 0, catchUp: true, replace: false, failOn: 'low' },
};

/** What flags say of every instance, and the name of each flag. */
export interface Flags {
  reach: Reach & { image?: string; manifest?: string };
  nameOf(setting: string): string;
}

/** Every effective setting of a fleet file. @throws UserError for mistakes in it. */
export async function settingsOfFleet(path: string, flags: Flags): Promise<Setting[]> {
  const { fleet } = await checkFleet(path);
  const { of } = locatorOf(path);
  const { hosts: _, groups: __, defaults: ___, schema: ____, ...sections } = fleet;
  return [
    ...instancesOfFleet(fleet, path).flatMap((instance, i) =>
      ofOne(instance.name, instance.uri, layersOf(fleet)[i] ?? [], flags, of),
    ),
    ...Object.entries(sections).flatMap(([name, section]) => leaves([name], section, of)),
    ...Object.entries(fleet.schedules ?? {}).flatMap(([name, job]) =>
      Object.entries(ofJob)
        .filter(([key]) => !Object.hasOwn(job, key))
        .map(([key, value]) => ({ key: `schedules.${name}.${key}`, value, from: 'default' })),
    ),
    ...Object.entries(ofNotify)
      .filter(([key]) => fleet.notify && !Object.hasOwn(fleet.notify, key))
      .map(([key, value]) => ({ key: `notify.${key}`, value, from: 'default' })),
  ];
}

interface Layer {
  keys: string[];
  settings: FleetDefaults;
}

/** For each host, in the order of the instances, who may say something of it; the last word counts. */
function layersOf({ hosts = [], groups = {}, defaults }: FleetFile): Layer[][] {
  const base: Layer[] = defaults ? [{ keys: ['defaults'], settings: defaults }] : [];
  const own = (host: FleetHost, keys: string[]): Layer => ({
    keys,
    settings: typeof host === 'string' ? {} : host,
  });
  return [
    ...hosts.map((host, i) => [...base, own(host, ['hosts', String(i)])]),
    ...Object.entries(groups).flatMap(([name, group]) =>
      group.hosts.map((host, i) => [
        ...base,
        { keys: ['groups', name], settings: group },
        own(host, ['groups', name, 'hosts', String(i)]),
      ]),
    ),
  ];
}

/** Keys that name a host and are no settings of it. */
const naming = ['hosts', 'address', 'name', 'labels'];

function ofOne(name: string, uri: string, layers: Layer[], flags: Flags, of: (keys: string[]) => string): Setting[] {
  const found = new Map<string, Setting>();
  const put = (key: string, value: unknown, from: string) =>
    found.set(key, { key: `instances.${name}.${key}`, value, from });
  const last = layers.at(-1)?.keys ?? [];
  put('uri', uri, `${of(last)} (${last.join('.')})`);
  for (const [key, value] of Object.entries({ ...ofInstance, ...(uri.startsWith('ssh:') ? ofSsh : {}) }))
    put(key, value, 'default');
  for (const { keys, settings } of layers) {
    for (const [key, value] of Object.entries(settings))
      if (!naming.includes(key)) put(key, value, `${of([...keys, key])} (${keys.join('.')})`);
    for (const [label, value] of Object.entries(settings.labels ?? {}))
      put(`labels.${label}`, value, `${of([...keys, 'labels', label])} (${keys.join('.')})`);
  }
  // An address that names its user or port has the last word of the file.
  const [, user, port] = /^ssh:\/\/(?:([^@/]*)@)?(?:\[[^\]]*\]|[^:/]*)(?::(\d+))?$/.exec(uri) ?? [];
  for (const [key, value] of Object.entries({ user, port }))
    if (value !== undefined && String(found.get(key)?.value) !== value)
      put(key, key === 'port' ? Number(value) : value, `${of(last)} (the address)`);
  for (const [key, value] of Object.entries(flags.reach)) put(key, value, `flag ${flags.nameOf(key)}`);
  return [...found.values()];
}

/** The values of a section, each with its place. */
function leaves(keys: string[], value: unknown, of: (keys: string[]) => string): Setting[] {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0 && !isShort(value))
    return Object.entries(value).flatMap(([key, child]) => leaves([...keys, key], child, of));
  return [{ key: keys.join('.'), value, from: of(keys) }];
}

/** A list of words is one value. */
function isShort(value: object): boolean {
  return Array.isArray(value) && value.every((item) => typeof item !== 'object');
}

/** A value as text for a person. Secrets stay references, of which it is said whether they lead to something. */
export function shown({ key, value }: Setting, env: NodeJS.ProcessEnv): string {
  const one = (item: unknown): string => {
    if (typeof item !== 'string') return JSON.stringify(item);
    const name = /^env:(.+)$/.exec(item)?.[1];
    if (name !== undefined) return `${item} (${env[name] ? 'set' : 'not set'})`;
    if (item.startsWith('file:')) return item;
    return namesSecret(key.slice(key.lastIndexOf('.') + 1)) ? '<not shown>' : maskWords(item);
  };
  return Array.isArray(value) ? `[${value.map(one).join(', ')}]` : one(value);
}
