import { UserError } from '../core/errors.ts';
import type { Instance } from '../core/ports.ts';
import { nearest } from '../schema/validate.ts';
import { reachOf, type WayFlags } from './ways.ts';

/** Instances of the command line and of the fleet file. @throws UserError when there are none. */
export async function instancesFor(
  uris: string[],
  flags: WayFlags & { inventory?: string; group?: string[] },
): Promise<Instance[]> {
  const { instancesOf } = await import('../inventory/uri/inventory.ts');
  const reach = reachOf(flags);
  const instances = instancesOf(uris, reach);
  if (flags.inventory) {
    const [{ loadDocument }, { instancesOfFleet }, { compileSchema }, { fleetSchema }] = await Promise.all([
      import('../config/document.ts'),
      import('../inventory/file/inventory.ts'),
      import('../schema/validate.ts'),
      import('../schema/fleet.ts'),
    ]);
    const fleet = loadDocument<Parameters<typeof instancesOfFleet>[0]>(
      flags.inventory,
      'fleet file',
      await compileSchema(fleetSchema),
    );
    const { group: wanted = [] } = flags;
    const groups = Object.keys(fleet.groups ?? {});
    const unknown = wanted.find((name) => !groups.includes(name));
    if (unknown !== undefined)
      throw new UserError(
        `${flags.inventory} has no group "${unknown}"${nearest(unknown, groups)}`,
        'name a group of the fleet file',
      );
    const found = instancesOfFleet(fleet, flags.inventory).filter(
      (i) => wanted.length === 0 || wanted.includes(i.group),
    );
    // Flags outrank the file.
    instances.push(...found.map((i) => ({ ...i, reach: { ...i.reach, ...reach } })));
  } else if (flags.group?.length)
    throw new UserError('--group is for a fleet file, and none is named', 'give --inventory FILE');
  if (instances.length === 0)
    throw new UserError(
      'nobody to scan',
      'name instances (ssh://user@host) or --inventory FILE; "snowfence scan --help" has examples',
    );
  const seen = new Set<string>();
  const twice = instances.find(({ id }) => seen.size === seen.add(id).size);
  if (twice) throw new UserError(`"${twice.id}" is named twice`, 'name each instance once');
  return instances;
}
