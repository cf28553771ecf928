import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Setting } from '../../app/configuring/explain.ts';
import { defaultStore } from '../../app/places.ts';
import { printable } from '../../core/bytes.ts';
import { UserError } from '../../core/errors.ts';
import { nearest } from '../../schema/validate.ts';
import type { Context } from '../context.ts';
import { addScanningOptions, type ScanningFlags } from '../scanning.ts';
import { addWayOptions, reachOf } from '../ways.ts';

/** The fleet file that is meant when none is named. */
const usualFile = 'fleet.yaml';

const checkHelp = `
Exit 0: valid; 2: mistakes, each as file:line:column. Nobody is contacted. Policy files: "snowfence policy check".

Examples:
  snowfence config check                      (fleet.yaml)
  snowfence config check /etc/snowfence/fleet.yaml`;

const explainHelp = `
Flags outrank environment variables, these the fleet file, and that the defaults; in the file a host outranks its group, and that
"defaults". All options of a scan may be given, to see what they would change. Secrets are shown as references only.

Examples:
  snowfence config explain                          (fleet.yaml)
  snowfence config explain fleet.yaml web-1         (what holds for one instance)
  snowfence config explain fleet.yaml notify --json
  snowfence config explain fleet.yaml web-1.sudo --sudo`;

interface ExplainFlags extends ScanningFlags {
  json?: boolean;
  store?: string;
}

/** Says whether a configuration is right, and where each setting comes from. */
export function addConfig(program: Command, context: Context): void {
  const config = program
    .command('config')
    .description('the fleet file: prove it, and say where each setting comes from');
  config
    .command('check')
    .description('prove a fleet file; all mistakes at once, as file:line:column')
    .argument('[FILE]', 'fleet file', usualFile)
    .addHelpText('after', checkHelp)
    .action(async (file: string) => {
      const { checkFleet } = await import('../../app/configuring/check.ts');
      const { fleet, instances } = await checkFleet(file);
      const sinks = Object.keys(fleet.notify?.sinks ?? {}).length;
      const groups = Object.keys(fleet.groups ?? {}).length;
      const jobs = Object.keys(fleet.schedules ?? {}).length;
      const counts = [many(instances, 'instance'), many(groups, 'group'), many(sinks, 'sink'), many(jobs, 'job')];
      context.stdout.write(`${printable(file)} is valid: ${counts.join(', ')}\n`);
    });
  const explain = config.command('explain');
  addScanningOptions(explain)
    .description('print every effective setting: its value, and who said so')
    .argument('[FILE]', 'fleet file', usualFile)
    .argument('[KEY]', 'only this setting, or all below it: an instance, notify, scan.timeout...')
    .option('--json', 'as JSON')
    .option('--store <file>', 'where scans and manifests are remembered (SNOWFENCE_STORE)')
    .addHelpText('after', explainHelp)
    .action((first: string, second: string | undefined, flags: ExplainFlags) =>
      // One word that is no file is a key.
      second === undefined && !/\.(ya?ml|json)$/.test(first) && !existsSync(first)
        ? print(explain, usualFile, first, flags, context)
        : print(explain, first, second, flags, context),
    );
}

const many = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

async function print(command: Command, file: string, key: string | undefined, flags: ExplainFlags, context: Context) {
  const { settingsOfFleet, shown } = await import('../../app/configuring/explain.ts');
  const { stdout, env } = context;
  const { image, manifest } = flags;
  const reach = { ...reachOf(flags), ...(image ? { image } : {}), ...(manifest ? { manifest } : {}) };
  const all = [
    storeSetting(flags, env),
    ...scanSettings(command),
    ...(await settingsOfFleet(flags.inventory ?? file, { reach, nameOf: flagName })),
  ];
  const found = all.filter((setting) => isBelow(setting.key, key) || isBelow(setting.key, `instances.${key}`));
  if (found.length === 0) {
    const known = [...new Set(all.flatMap(({ key: one }) => [one, one.replace(/^instances\./, '')]))];
    throw new UserError(`no setting is called "${key}"${nearest(key ?? '', known)}`, 'leave the key out to see all');
  }
  const rows = found.map((setting) => ({ ...setting, value: shown(setting, env) }));
  if (flags.json) {
    stdout.write(`${JSON.stringify({ schema: 'snowfence.explain/v1', settings: rows }, null, 2)}\n`);
    return;
  }
  const width = (of: (row: (typeof rows)[number]) => string): number =>
    Math.min(48, Math.max(...rows.map((row) => of(row).length)));
  const [keys, values] = [width((row) => row.key), width((row) => row.value)];
  for (const row of rows)
    stdout.write(
      `${printable(row.key).padEnd(keys)}  ${printable(row.value).padEnd(values)}  ${printable(row.from)}\n`,
    );
}

function isBelow(key: string, above: string | undefined): boolean {
  return above === undefined || key === above || key.startsWith(`${above}.`);
}

function storeSetting({ store }: ExplainFlags, env: NodeJS.ProcessEnv): Setting {
  const named = ['SNOWFENCE_STORE', 'XDG_STATE_HOME'].find((name) => env[name]);
  const from = store ? 'flag --store' : named ? `environment ${named}` : 'default';
  return { key: 'store', value: store ?? defaultStore(env), from };
}

/** Options of a scan that are no way in, with what commander knows of their origin. */
function scanSettings(command: Command): Setting[] {
  const ways = addWayOptions(command.createCommand('ways')).options.map((option) => option.long);
  return command.options
    .filter(({ long }) => ![...ways, '--inventory', '--image', '--manifest', '--json', '--store'].includes(long ?? ''))
    .flatMap((option) => {
      const name = option.attributeName();
      const value = command.getOptionValue(name) as unknown;
      if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
      const from = command.getOptionValueSource(name) === 'cli' ? `flag ${option.long}` : 'default';
      return [{ key: `scan.${name}`, value, from }];
    });
}

/** The flag that says a setting of an instance. */
function flagName(setting: string): string {
  const other: Record<string, string> = {
    ...{ identityFiles: 'identity', proxyJump: 'jump', hostKeyPolicy: 'accept-new-host-keys' },
  };
  return `--${other[setting] ?? setting.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
