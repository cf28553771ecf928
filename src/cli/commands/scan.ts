import { type Command, Option } from 'commander';
import { UserError } from '../../core/errors.ts';
import { severities } from '../../core/finding.ts';
import type { Store } from '../../core/ports.ts';
import type { ScanEvent } from '../../core/report.ts';
import { type Context, numberOption, openStore } from '../context.ts';
import { addOutputOptions, outputsFor } from '../output.ts';
import { addScanningOptions, prepareScan } from '../scanning.ts';
import { type ScanFlags, wholeScan } from '../whole-scan.ts';

const after = `
Examples:
  snowfence scan ssh://root@10.0.0.5 --manifest web-42.manifest
  snowfence scan web-1 web-2 --image web:42                 (aliases of ~/.ssh/config; manifest from the store)
  snowfence scan docker://web ssm://i-0abc?region=eu-west-1 (containers bring their own image)
  snowfence scan --inventory fleet.yaml --format json --output report.json --fail-on high --quiet
  snowfence scan --inventory fleet.yaml --job nightly --quiet --wait 600   (from cron; "snowfence schedule print --cron")
  snowfence scan --inventory fleet.yaml --format text --format html=fleet.html --format sarif=fleet.sarif

Without --manifest and --image the image is found by the inventory's label, by cloud-init's instance metadata or by
IMAGE_ID and IMAGE_VERSION of os-release, among the manifests in the store ("snowfence manifest add").`;

export function addScan(program: Command, context: Context): void {
  const command = program
    .command('scan')
    .description('read instances, compare them with their image, say what drifted and what to do')
    .argument(
      '[INSTANCE...]',
      'ssh://[user@]host[:port], a host alias, ssm://i-0abc?region=NAME, docker://CONTAINER, local: or rootfs:/dir',
    );
  addOutputOptions(addScanningOptions(command))
    .addOption(
      new Option('--fail-on <severity>', 'exit 1 from this severity on').choices([...severities]).default('low'),
    )
    .option('--store <file>', 'where scans and manifests are remembered (SNOWFENCE_STORE)')
    .option('--no-store', 'remember nothing')
    .option('--replace', 'afterwards replace what may be, where replace.mode of the fleet file is auto')
    .option('--no-notify', 'tell nobody, whatever the fleet file says, and leave what changed untold')
    .option('--job <name>', 'as this job of the section "schedules" of the fleet file says, where no flag does')
    .option('--wait <seconds>', 'for another scan of the fleet file that runs', numberOption('--wait', 0, 86_400), 0)
    .option('--no-lock', 'do not mind another scan of the same fleet file that runs')
    .option('-q, --quiet', 'no progress on standard error')
    .addHelpText('after', after)
    .action(async (instances: string[], flags: ScanFlags) => {
      const chosen = command.getOptionValueSource('failOn') === 'cli' ? { failOn: flags.failOn } : {};
      context.code = await runScan(instances, { ...(await asJob(flags)), ...chosen }, context);
    });
}

/** The flags, completed by the job that they name. @throws UserError */
async function asJob(flags: ScanFlags): Promise<ScanFlags> {
  if (flags.job === undefined) return flags;
  if (!flags.inventory) throw new UserError('--job is of a fleet file, and none is named', 'give --inventory FILE');
  const [{ jobNamed, loadSchedules }, { flagsOfJob }] = await Promise.all([
    import('../../app/scheduling/setup.ts'),
    import('../jobs.ts'),
  ]);
  return flagsOfJob(flags, jobNamed(await loadSchedules(flags.inventory), flags.job), Date.now());
}

/** Runs a scan as the command line asks for it; the exit code. */
export async function runScan(uris: string[], flags: ScanFlags, context: Context): Promise<number> {
  (await import('../memory.ts')).keepMemoryLow();
  const outputs = await outputsFor(flags, true);
  const prepared = await prepareScan(uris, flags);
  const store: Store | undefined = flags.store === false ? undefined : await openStore(flags.store);
  let unlock = () => {};
  let stop = () => {};
  try {
    const notifying = await (await import('../notifying.ts')).notifyingOf(flags, store);
    unlock = await lock(flags, store, context);
    const progress = await startProgress(flags, context, prepared.instances.length);
    stop = () => progress.stop();
    const { onEvent } = progress;
    return (await wholeScan({ flags, prepared, outputs, store, notifying, context, onEvent, onScanned: stop })).code;
  } finally {
    stop();
    unlock();
    store?.close();
  }
}

/** One scan of a fleet file and its store at a time. Without one of them there is nothing that two would share. */
async function lock(flags: ScanFlags, store: Store | undefined, { signal, stderr }: Context): Promise<() => void> {
  if (!flags.inventory || !store || flags.lock === false) return () => {};
  const [{ lockFleet }, { machineClock }, { realpathSync }] = await Promise.all([
    import('../../app/scheduling/lock.ts'),
    import('../../app/scheduling/clock.ts'),
    import('node:fs'),
  ]);
  return lockFleet({
    ...{ store, fleet: realpathSync(flags.inventory), job: flags.job ?? '', signal },
    ...{ clock: machineClock, waitMs: flags.wait * 1000 },
    onWait: ({ holder, since }) => {
      if (flags.quiet || flags.wait === 0) return;
      stderr.write(`snowfence: waits for ${holder}, which has scanned this fleet since ${since}\n`);
    },
  });
}

/** Live progress on a terminal, nothing in cron. */
async function startProgress(
  flags: ScanFlags,
  context: Context,
  total: number,
): Promise<{ onEvent(event: ScanEvent): void; stop(): void }> {
  if (flags.quiet || !context.stderr.isTTY || context.env['TERM'] === 'dumb') return { onEvent() {}, stop() {} };
  const { showProgress } = await import('../progress.tsx');
  return showProgress(context.stderr, total);
}
