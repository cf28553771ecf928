import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { loadDocument } from '../../config/document.ts';
import { UserError } from '../../core/errors.ts';
import type { Sink, SinkSettings } from '../../core/notify.ts';
import { provide } from '../../core/registry.ts';
import { sinks as registry } from '../../notify/registry.ts';
import { type FleetFile, fleetSchema } from '../../schema/fleet.ts';
import type { NotifyConfig } from '../../schema/notify.ts';
import { compileSchema } from '../../schema/validate.ts';

/** The section `notify` of a fleet file, proved, with the sinks that it names. */
export interface Notifying {
  /** The fleet file by its one true path: what the store knows it by. */
  fleet: string;
  config: NotifyConfig;
  /** Sinks by kind. */
  kinds: ReadonlyMap<string, Sink>;
}

/** Settings that are paths of files; they are relative to the fleet file. */
const paths = ['path', 'ca'];

/** Reads the section `notify`; undefined where the file has none. @throws UserError with all mistakes. */
export async function loadNotifying(path: string): Promise<Notifying | undefined> {
  const fleet = loadDocument<FleetFile>(path, 'fleet file', await compileSchema(fleetSchema));
  const config = fleet.notify;
  if (!config) return undefined;
  const kinds = new Map<string, Sink>();
  const mistakes: string[] = [];
  const proved: NotifyConfig['sinks'] = {};
  for (const [name, { kind, maxItems, ...settings }] of Object.entries(config.sinks)) {
    if (!Object.hasOwn(registry, kind)) {
      mistakes.push(
        `${path}: notify.sinks.${name}.kind: "${kind}" is none; known: ${Object.keys(registry).join(', ')}`,
      );
      continue;
    }
    const sink = kinds.get(kind) ?? (await provide(registry, 'sink', kind));
    kinds.set(kind, sink);
    for (const { pointer, message } of (await compileSchema(sink.settings, `sink ${kind}`))(settings))
      mistakes.push(`${path}: notify.sinks.${name}${pointer.replaceAll('/', '.')} ${message}`);
    const placed = Object.entries(settings).map(([key, value]) => [
      key,
      paths.includes(key) && typeof value === 'string' ? resolve(dirname(path), value) : value,
    ]);
    proved[name] = { kind, ...(maxItems === undefined ? {} : { maxItems }), ...Object.fromEntries(placed) };
  }
  for (const [i, { to, groups = [] }] of (config.routes ?? []).entries()) {
    for (const name of to)
      if (!Object.hasOwn(config.sinks, name))
        mistakes.push(
          `${path}: notify.routes.${i}.to: there is no sink "${name}" (${Object.keys(config.sinks).join(', ')})`,
        );
    for (const group of groups)
      if (!Object.hasOwn(fleet.groups ?? {}, group))
        mistakes.push(`${path}: notify.routes.${i}.groups: there is no group "${group}"`);
  }
  if (mistakes.length > 0)
    throw new UserError([...new Set(mistakes)].join('\n'), 'docs/notify.md has an example of every sink');
  return { fleet: realpathSync(path), config: { ...config, sinks: proved }, kinds };
}

/** The settings of a sink as the sink itself knows them. */
export function settingsFor(
  { config, kinds }: Notifying,
  name: string,
): { sink: Sink; settings: SinkSettings } | undefined {
  const found = Object.hasOwn(config.sinks, name) ? config.sinks[name] : undefined;
  const sink = found && kinds.get(found.kind);
  if (!found || !sink) return undefined;
  const { kind: _, maxItems: __, ...settings } = found;
  return { sink, settings };
}
