import { loadDocument } from '../../config/document.ts';
import { locatorOf } from '../../config/locate.ts';
import { UserError } from '../../core/errors.ts';
import { instancesOfFleet } from '../../inventory/file/inventory.ts';
import { type FleetFile, fleetSchema } from '../../schema/fleet.ts';
import { compileSchema } from '../../schema/validate.ts';
import { loadNotifying } from '../notifying/setup.ts';
import { loadSetup } from '../replacing/setup.ts';
import { loadSchedules } from '../scheduling/setup.ts';

/** What a fleet file that is right holds. */
export interface Checked {
  fleet: FleetFile;
  instances: number;
}

/**
 * Proves a fleet file as everybody who reads it would: its form, then its hosts, its sinks, drivers and jobs.
 * @throws UserError with all mistakes, one a line, as `file:line:column: what`.
 */
export async function checkFleet(path: string): Promise<Checked> {
  const fleet = loadDocument<FleetFile>(path, 'fleet file', await compileSchema(fleetSchema));
  let instances = 0;
  const proofs: (() => unknown)[] = [
    () => {
      instances = instancesOfFleet(fleet, path).length;
    },
    () => loadNotifying(path),
    () => (fleet.replace ? loadSetup(path) : undefined),
    () => (fleet.schedules ? loadSchedules(path) : undefined),
  ];
  const { placed } = locatorOf(path);
  const said = new Set<string>();
  const hints = new Set<string>();
  for (const prove of proofs) {
    try {
      await prove();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      for (const line of error.message.split('\n')) said.add(placed(line));
      if (error.hint) hints.add(error.hint);
    }
  }
  if (said.size > 0) throw new UserError([...said].join('\n'), [...hints].join('; '));
  return { fleet, instances };
}
