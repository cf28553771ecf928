import type { Command } from 'commander';
import type { Check, Examined } from '../../app/doctor.ts';
import { printable } from '../../core/bytes.ts';
import { exit, worstExit } from '../../core/exit.ts';
import { type Context, numberOption, wantsColor } from '../context.ts';
import { instancesFor } from '../instances.ts';
import { addWayOptions, type WayFlags } from '../ways.ts';

interface DoctorFlags extends WayFlags {
  inventory?: string;
  json?: boolean;
  sudoers?: boolean;
  user: string;
  concurrency: number;
  timeout: number;
  connectTimeout: number;
}

const after = `
It looks, as a scan does, without changing anything: the road and its hops, the host key and where it is known from, the login, sudo,
the clocks, the tools, and what each probe may read. Exit 0: nothing stands in the way of a whole scan; 3: something cannot be read.

Examples:
  snowfence doctor ssh://scanner@web-1 --sudo
  snowfence doctor --inventory fleet.yaml --json
  snowfence doctor --sudoers --user scanner >snowfence-sudo.sh      (read it, then run it as root in the bake)`;

/** A preflight: what a scan of these instances would meet, and what to change. */
export function addDoctor(program: Command, context: Context): void {
  addWayOptions(program.command('doctor'))
    .description('preflight: what a scan may read of each instance, and what to change, in words')
    .argument('[INSTANCE...]', 'as for scan')
    .option('--inventory <file>', 'fleet file (YAML)')
    .option('--json', 'as JSON')
    .option('--sudoers', 'print the least-privilege setup for sudo, a script for the bake')
    .option('--user <name>', 'account that --sudoers is for', 'scanner')
    .option('--concurrency <n>', 'instances at once', numberOption('--concurrency', 1, 1000), 16)
    .option('--timeout <seconds>', 'limit for a whole instance', numberOption('--timeout', 1, 86_400), 120)
    .option(
      '--connect-timeout <seconds>',
      'limit for connecting and logging in',
      numberOption('--connect-timeout', 0.1, 3600),
      15,
    )
    .addHelpText('after', after)
    .action(async (uris: string[], flags: DoctorFlags) => {
      context.code = await runDoctor(uris, flags, context);
    });
}

async function runDoctor(uris: string[], flags: DoctorFlags, context: Context): Promise<number> {
  if (flags.sudoers) {
    const { sudoersSetup } = await import('../../app/sudoers.ts');
    context.stdout.write(sudoersSetup(flags.user));
    return exit.clean;
  }
  const instances = await instancesFor(uris, flags);
  const { examine } = await import('../../app/doctor.ts');
  const limits = {
    connectMs: flags.connectTimeout * 1000,
    idleMs: flags.timeout * 1000,
    totalMs: flags.timeout * 1000,
    maxBytes: 64 * 1024 * 1024,
  };
  const examined = await examine(instances, limits, flags.concurrency, context.signal);
  const well = examined.every((one) => one.well);
  if (flags.json) {
    context.stdout.write(`${JSON.stringify({ schema: 'snowfence.doctor/v1', well, instances: examined }, null, 2)}\n`);
  } else {
    const color = wantsColor(context.stdout, context.env);
    context.stdout.write(`${examined.map((one) => textOf(one, color)).join('\n')}`);
  }
  return worstExit([well ? exit.clean : exit.incomplete]);
}

const colors: Record<Check['state'], number> = { ok: 32, note: 36, gap: 33, fail: 31 };

function textOf({ id, well, checks }: Examined, color: boolean): string {
  const paint = (state: Check['state']): string =>
    color ? `\u001b[${colors[state]}m${state.padEnd(4)}\u001b[0m` : state.padEnd(4);
  const lines = checks.flatMap(({ check, state, detail, advice }) => [
    `  ${paint(state)}  ${check.padEnd(16)} ${printable(detail)}`,
    ...(advice ? [`  ${' '.repeat(23)}-> ${printable(advice)}`] : []),
  ]);
  const verdict = well ? 'well: a scan will read all of it' : 'not well: see gap and fail';
  return `${[`${printable(id)}  ${verdict}`, ...lines].join('\n')}\n`;
}
