import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { instancesFor } from '../instances.ts';
import { addWayOptions, type WayFlags } from '../ways.ts';

export function addInventory(program: Command, context: Context): void {
  const inventory = program.command('inventory').description('who would be scanned');
  addWayOptions(inventory.command('list'))
    .description('print the instances of a fleet file')
    .argument('[INSTANCE...]')
    .option('--inventory <file>', 'fleet file')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample: snowfence inventory list --inventory fleet.yaml')
    .action(async (uris: string[], flags: WayFlags & { inventory?: string; json?: boolean }) => {
      const instances = await instancesFor(uris, flags);
      if (flags.json) context.stdout.write(`${JSON.stringify(instances, null, 2)}\n`);
      else
        for (const i of instances)
          context.stdout.write(
            `${i.name.padEnd(24)} ${i.uri.padEnd(36)} ${(i.group || '-').padEnd(12)} ${i.image ?? i.manifest ?? '-'}\n`,
          );
    });
}
