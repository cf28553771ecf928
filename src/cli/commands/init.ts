import type { Command } from 'commander';
import { checkFleet } from '../../app/configuring/check.ts';
import { loadPolicies } from '../../app/policies.ts';
import { printable } from '../../core/bytes.ts';
import { UserError } from '../../core/errors.ts';
import { exit } from '../../core/exit.ts';
import { type Context, collectOption } from '../context.ts';
import { type Answers, answersOf, type InitFlags } from '../init/answers.ts';
import { firstCommands, nextSteps, type Places, placesIn, runFirst } from '../init/steps.ts';
import { keep, makeDirectory, refuseExisting, writeFiles } from '../init/write.ts';

interface Flags extends InitFlags {
  yes?: boolean;
  run: boolean;
  force?: boolean;
  store?: string;
}

const after = `
It writes fleet.yaml and policy.yaml, both commented, proved right; then it runs doctor, makes the manifest of your image and
scans, if you want. On a terminal it asks for what no flag says; elsewhere --host is needed. The exit code is the first scan's.

Examples:
  snowfence init                                         (asks)
  snowfence init fleet --host web-1 --host web-2 --image web:42 --source ssh://root@golden --yes
  snowfence init --host 'web-*' --user scanner --sudo --schedule nightly --notify slack=env:SLACK_URL --no-run

--notify takes slack=env:NAME, pagerduty=file:PATH, alertmanager=URL, syslog=HOST and file=PATH; all others: docs/notify.md.`;

/** Writes a first configuration, by asking or by flags, and goes the first steps with it. */
export function addInit(program: Command, context: Context): void {
  program
    .command('init')
    .description('write a starter configuration by asking, look who can be read, scan for the first time')
    .argument('[DIR]', 'where the files go', '.')
    .option('--host <host>', 'server, or a pattern of ~/.ssh/config (web-*), repeatable', collectOption, [])
    .option('--group <name>', 'name of their group (default: servers)')
    .option('--user <name>', 'log in as (default: as the OpenSSH configuration says)')
    .option('--sudo', 'read as root through "sudo -n" (default: when --user is not root)')
    .option('--no-sudo', 'read as that user, and say what could not be read')
    .option('-i, --identity <file>', 'private key, repeatable', collectOption, [])
    .option('--image <ref>', 'image that they were launched from (default: GROUP:1)')
    .option('--source <source>', 'what the manifest of that image is made from, as for "manifest create", or later')
    .option('--reports <dir>', 'where reports go, from the fleet file (default: reports)')
    .option('--schedule <cron>', 'nightly, hourly, weekly, none or five fields of cron')
    .option('--notify <kind=where>', 'who is told what changed, repeatable', collectOption, [])
    .option('-y, --yes', 'ask nothing: what no flag says is as by default, and doctor, manifest and scan are run')
    .option('--no-run', 'write the files and contact nobody')
    .option('--force', 'replace files that are there; the old ones are kept as .bak')
    .option('--store <file>', 'where scans and manifests are remembered (SNOWFENCE_STORE)')
    .addHelpText('after', after)
    .action(async (dir: string, flags: Flags) => {
      context.code = await init(dir, flags, context);
    });
}

async function init(dir: string, flags: Flags, context: Context): Promise<number> {
  const { stderr, stdout } = context;
  const terminal = process.stdin.isTTY === true && stderr.isTTY === true;
  if (flags.host.length === 0 && (!terminal || flags.yes))
    throw new UserError(
      flags.yes ? 'init does not know whom to scan' : 'init has nobody to ask: standard input is no terminal',
      'name servers: snowfence init --host web-1 --host web-2 --image web:42; "snowfence init --help" has all flags',
    );
  // Before anybody answers ten questions in vain.
  refuseExisting(filesIn(placesIn(dir, { image: 'x', reports: 'x' })), flags.force === true);
  const asking =
    terminal && !flags.yes
      ? (await import('../init/ask.ts')).terminal(process.stdin, stderr, context.signal)
      : undefined;
  let written = false;
  try {
    let full: InitFlags = flags;
    if (asking) full = await (await import('../init/ask.ts')).askFor(flags, asking.ask, asking.say);
    const answers = await answersOf(full);
    const places = placesIn(dir, answers);
    await write(answers, places, flags.force === true, context);
    written = true;
    const commands = firstCommands(answers, places, flags.store ? ['--store', flags.store] : []);
    const run =
      flags.run && (asking ? /^y/i.test(await asking.ask('Look who can be read, and scan now', 'yes')) : flags.yes);
    asking?.close();
    const code = run ? await runFirst(commands, context) : exit.clean;
    stdout.write(`\n${nextSteps(answers, places, run ? [] : commands)}`);
    return code;
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
    stderr.write(`\nsnowfence: init was ended; ${written ? 'its files are written' : 'nothing was written'}\n`);
    return exit.interrupted;
  } finally {
    asking?.close();
  }
}

const filesIn = ({ fleet, policy }: Places): string[] => [fleet, policy];

async function write(answers: Answers, places: Places, force: boolean, { stderr }: Context): Promise<void> {
  const { starterFleet, starterPolicy } = await import('../../config/starter.ts');
  if (answers.source !== undefined) refuseExisting([places.manifest], force);
  const files = [
    { path: places.fleet, text: starterFleet(answers) },
    { path: places.policy, text: starterPolicy },
  ];
  const kept = await writeFiles(places.dir, files, force, async ([fleet = '', policy = '']) => {
    await checkFleet(fleet);
    await loadPolicies([policy]);
  });
  makeDirectory(places.reports);
  const manifest = answers.source === undefined ? undefined : keep(places.manifest);
  if (manifest) kept.push(manifest);
  for (const { path } of files) stderr.write(`wrote ${printable(path)}\n`);
  for (const path of kept) stderr.write(`kept what was there as ${printable(path)}\n`);
}
