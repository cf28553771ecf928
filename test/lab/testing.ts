import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, run } from './exec.ts';
import type { Fleet, LabInstance } from './fleet.ts';

/** Runs a command by the system's ssh: the fleet's key, its known_hosts and nothing of this machine's configuration. */
export function ssh(
  fleet: Pick<Fleet, 'keyFile' | 'knownHosts'>,
  one: LabInstance,
  user: string,
  command: string,
  more: readonly string[] = [],
): Promise<CommandResult> {
  const options = [
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${fleet.knownHosts}`,
    'BatchMode=yes',
    'IdentitiesOnly=yes',
  ];
  const flags = options.flatMap((option) => ['-o', option]);
  return run('ssh', ['-F', 'none', '-i', fleet.keyFile, ...flags, ...more, `${user}@${one.address}`, command]);
}

/** Everything but directories in an upper layer, sorted; a deletion shows as the name of what was deleted. */
export function changedFiles(upper: string): string[] {
  const names = readdirSync(upper, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => !lstatSync(join(upper, name)).isDirectory()).sort();
}
