import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { home } from '../../app/places.ts';
import type { ScheduledJob } from '../../app/scheduling/setup.ts';
import { UserError } from '../../core/errors.ts';
import type { Job } from '../../schedule/owed.ts';
import type { Context } from '../context.ts';
import { writeResult } from '../files.ts';

interface PrintFlags {
  inventory: string;
  job?: string;
  cron?: boolean;
  systemd?: boolean;
  serve?: boolean;
  user: string;
  store?: string;
  output?: string;
}

const after = `
Examples:
  snowfence schedule print --cron --inventory /etc/snowfence/fleet.yaml | crontab -u scanner -
  snowfence schedule print --systemd --inventory /etc/snowfence/fleet.yaml --user scanner --output /etc/systemd/system`;

export function addSchedule(program: Command, context: Context): void {
  const schedule = program
    .command('schedule')
    .description('when a fleet is scanned: its jobs, for cron and for systemd');
  schedule
    .command('list')
    .description('jobs of a fleet file, with their next three runs in their zone')
    .requiredOption('--inventory <file>', 'fleet file with a section "schedules"')
    .option('--json', 'as JSON')
    .action((flags: { inventory: string; json?: boolean }) => listJobs(flags, context));
  schedule
    .command('print')
    .description('lines for a crontab, or hardened units of systemd, that run the jobs without "snowfence serve"')
    .requiredOption('--inventory <file>', 'fleet file with a section "schedules"')
    .addOption(new Option('--cron', 'lines for a crontab').conflicts('systemd'))
    .option('--systemd', 'a service and a timer for each job')
    .addOption(
      new Option('--serve', 'with --systemd: one service that runs "snowfence serve", instead of timers').conflicts(
        'cron',
      ),
    )
    .addOption(new Option('--job <name>', 'only this job').conflicts('serve'))
    .option('--user <name>', 'with --systemd: account that scans; without, one that exists only while it runs', '')
    .option('--store <file>', 'where scans are remembered, when not where the account usually does')
    .option('--output <dir>', 'with --systemd: write the units there instead of to standard output')
    .addHelpText('after', after)
    .action((flags: PrintFlags) => printJobs(flags, context));
}

async function listJobs({ inventory, json }: { inventory: string; json?: boolean }, context: Context): Promise<void> {
  const { loadSchedules } = await import('../../app/scheduling/setup.ts');
  const { jobs } = await loadSchedules(inventory);
  const rows = jobs.map(({ name, timetable, config }) => ({
    ...{ name, cron: timetable.cron, zone: timetable.zone, depth: config.depth ?? '', groups: config.groups ?? [] },
    next: nextThree(timetable.next),
  }));
  if (json) return void context.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  for (const { name, cron, zone, depth, groups, next } of rows) {
    const what = [depth, groups.length > 0 ? `groups ${groups.join(', ')}` : ''].filter(Boolean).join(', ');
    context.stdout.write(`${name}: ${cron} (${zone})${what ? `, ${what}` : ''}\n`);
    for (const at of next) context.stdout.write(`  ${inZone(Date.parse(at), zone)}\n`);
  }
}

function nextThree(next: (after: number) => number | undefined): string[] {
  const found: string[] = [];
  for (let at = next(Date.now()); at !== undefined && found.length < 3; at = next(at))
    found.push(new Date(at).toISOString());
  return found;
}

/** A time as people of that zone read it. */
function inZone(time: number, timeZone: string): string {
  const options = { timeZone, hourCycle: 'h23', weekday: 'short', timeZoneName: 'shortOffset' } as const;
  const digits = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
  const format = new Intl.DateTimeFormat('en-GB', { ...options, ...digits });
  const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
  return `${of('weekday')} ${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')} ${of('timeZoneName')}`;
}

async function printJobs(flags: PrintFlags, context: Context): Promise<void> {
  if (!flags.cron && !flags.systemd) throw new UserError('for whom?', 'give --cron or --systemd');
  if (flags.user !== '' && !/^[a-z_][a-z0-9_-]{0,31}$/.test(flags.user))
    throw new UserError(`--user is "${flags.user}"`, 'it must be the name of an account');
  const { jobNamed, loadSchedules } = await import('../../app/scheduling/setup.ts');
  const schedules = await loadSchedules(flags.inventory);
  const jobs = flags.job === undefined ? schedules.jobs : [jobNamed(schedules, flags.job)];
  const inventory = resolve(flags.inventory);
  const start = [process.execPath, realpathSync(join(home, 'bin', 'snowfence'))];
  const remembering = flags.store === undefined ? [] : ['--store', resolve(flags.store)];
  const command = ({ name }: Job) => [
    ...[...start, 'scan', '--inventory', inventory, '--job', name, '--quiet', '--wait', '3600'],
    ...remembering,
  ];
  if (flags.cron) {
    const { crontab } = await import('../../schedule/crontab.ts');
    context.stdout.write(crontab({ jobs, command }, `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`));
    return;
  }
  const { daemonUnit, units } = await import('../../schedule/units.ts');
  const of = { jobs, user: flags.user, files: (job: Job) => filesOf(job as ScheduledJob, flags.store) };
  const made = flags.serve
    ? [daemonUnit([...start, 'serve', '--inventory', inventory, ...remembering], of)]
    : units({ ...of, command });
  if (flags.output === undefined) {
    const text = made.map(({ name, text }) => `# /etc/systemd/system/${name}\n${text}`).join('\n');
    context.stdout.write(text);
    return;
  }
  if (!existsSync(flags.output)) throw new UserError(`there is no directory ${flags.output}`, 'make it first');
  for (const { name, text } of made) writeResult(join(flags.output, name), text);
  const begun = made.flatMap(({ name }) => (flags.serve || name.endsWith('.timer') ? [name] : []));
  context.stderr.write(
    `${made.length} units written; now: systemctl daemon-reload && systemctl enable --now ${begun.join(' ')}\n`,
  );
}

/** What a job writes to: its results, and a store that is not in the state directory. */
function filesOf({ config }: ScheduledJob, store: string | undefined): string[] {
  const results = (config.formats ?? []).map((one) => one.slice(one.indexOf('=') + 1));
  return [...results, ...(store === undefined ? [] : [resolve(store)])];
}
