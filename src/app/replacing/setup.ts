import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { loadDocument } from '../../config/document.ts';
import { UserError } from '../../core/errors.ts';
import type { Instance } from '../../core/ports.ts';
import { provide } from '../../core/registry.ts';
import type { Driver } from '../../core/replacement.ts';
import { isZone } from '../../core/window.ts';
import { instancesOfFleet } from '../../inventory/file/inventory.ts';
import type { Circumstances } from '../../replace/guard/refusals.ts';
import { settingsFor } from '../../replace/plan.ts';
import { drivers as registry } from '../../replace/registry.ts';
import { type FleetFile, fleetSchema } from '../../schema/fleet.ts';
import type { ReplaceConfig } from '../../schema/replace.ts';
import { compileSchema } from '../../schema/validate.ts';

/** A fleet file with its section `replace`, proved, and the drivers that it names. */
export interface Setup {
  path: string;
  instances: Instance[];
  config: ReplaceConfig;
  drivers: ReadonlyMap<string, Driver>;
}

/** Reads the fleet file and proves the settings of every driver in it. @throws UserError with all mistakes. */
export async function loadSetup(path: string, more: ReadonlyMap<string, Driver> = new Map()): Promise<Setup> {
  const fleet = loadDocument<FleetFile>(path, 'fleet file', await compileSchema(fleetSchema));
  const config = fleet.replace;
  if (!config)
    throw new UserError(
      `${path} says nothing of replacements`,
      'add a section "replace" (docs/replace.md has one to begin with; "snowfence schema config" says what it may hold)',
    );
  const groups = Object.keys(fleet.groups ?? {});
  const named = [config.driver, ...Object.values(config.groups ?? {}).map(({ driver }) => driver)];
  const drivers = new Map<string, Driver>();
  const mistakes: string[] = [];
  for (const name of new Set([...named, ...Object.keys(config.drivers ?? {})])) {
    if (name === undefined) continue;
    drivers.set(name, more.get(name) ?? (await provide(registry, 'driver', name)));
  }
  for (const group of Object.keys(config.groups ?? {}))
    if (!groups.includes(group))
      mistakes.push(`${path}: replace.groups.${group}: there is no such group (${groups.join(', ') || 'none'})`);
  for (const group of config.guard?.allowGroups ?? [])
    if (group !== '' && !groups.includes(group))
      mistakes.push(`${path}: replace.guard.allowGroups: there is no group "${group}"`);
  for (const { window } of [config.guard ?? {}, ...Object.values(config.groups ?? {})])
    if (window && !isZone(window.zone))
      mistakes.push(`${path}: "${window.zone}" is no time zone; write Europe/Berlin or UTC`);
  for (const group of ['', ...groups]) {
    const name = config.groups?.[group]?.driver ?? config.driver;
    if (name === undefined || (group === '' && !fleet.hosts?.length)) continue;
    const validate = await compileSchema(drivers.get(name)?.settings ?? {}, `driver ${name}`);
    for (const { pointer, message } of validate(settingsFor(config, name, group)))
      mistakes.push(
        `${path}: settings of the driver ${name}${group ? ` for the group ${group}` : ''}: ${pointer.slice(1).replaceAll('/', '.') || 'they'} ${message}`,
      );
  }
  if (mistakes.length > 0) throw new UserError([...new Set(mistakes)].join('\n'));
  const at = (file: string) => resolve(dirname(path), file);
  const { evidence, guard } = config;
  return {
    path,
    instances: instancesOfFleet(fleet, path),
    drivers,
    config: {
      ...config,
      ...(evidence?.directory === undefined ? {} : { evidence: { ...evidence, directory: at(evidence.directory) } }),
      ...(guard?.killFile === undefined ? {} : { guard: { ...guard, killFile: at(guard.killFile) } }),
    },
  };
}

/** What the guard looks at now. */
export function circumstances(
  { guard }: ReplaceConfig,
  env: NodeJS.ProcessEnv,
  lastStarted: Circumstances['lastStarted'],
): Circumstances {
  const stopped = stoppedBy(guard?.killFile, env);
  return { now: Date.now(), lastStarted, ...(stopped === undefined ? {} : { stopped }) };
}

/** The kill switch: a file that is there, or SNOWFENCE_STOP in the environment. */
export function stoppedBy(killFile: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  if (env['SNOWFENCE_STOP']) return 'SNOWFENCE_STOP is set';
  return killFile !== undefined && existsSync(killFile) ? `${killFile} exists` : undefined;
}
