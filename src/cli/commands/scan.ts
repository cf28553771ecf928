import { type Command, Option } from 'commander';
import { wholeOf } from '../../app/stored.ts';
import { UserError } from '../../core/errors.ts';
import { type ExitCode, worstExit } from '../../core/exit.ts';
import { type Severity, severities } from '../../core/finding.ts';
import type { Store } from '../../core/ports.ts';
import type { Report, ScanEvent } from '../../core/report.ts';
import { type Context, openStore } from '../context.ts';
import { addOutputOptions, historyLength, type OutputFlags, outputsFor } from '../output.ts';
import { addScanningOptions, prepareScan, type ScanningFlags } from '../scanning.ts';

/** Options as commander gives them. */
export interface ScanFlags extends ScanningFlags, OutputFlags {
  failOn: Severity;
  store?: string | false;
  quiet?: boolean;
  replace?: boolean;
  /** False: nobody is told. */
  notify?: boolean;
}

const after = `
Examples:
  snowfence scan ssh://root@10.0.0.5 --manifest web-42.manifest
  snowfence scan web-1 web-2 --image web:42                 (aliases of ~/.ssh/config; manifest from the store)
  snowfence scan docker://web ssm://i-0abc?region=eu-west-1 (containers bring their own image)
  snowfence scan --inventory fleet.yaml --format json --output report.json --fail-on high --quiet
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
    .option('-q, --quiet', 'no progress on standard error')
    .addHelpText('after', after)
    .action(async (instances: string[], flags: ScanFlags) => {
      context.code = await runScan(instances, flags, context);
    });
}

/** Runs a scan as the command line asks for it; the exit code. */
export async function runScan(uris: string[], flags: ScanFlags, context: Context): Promise<number> {
  (await import('../memory.ts')).keepMemoryLow();
  const [{ exitOf }, { PackageBook }] = await Promise.all([
    import('../../app/outcome.ts'),
    import('../../app/packages.ts'),
  ]);
  const outputs = await outputsFor(flags, true);
  const prepared = await prepareScan(uris, flags);
  const store: Store | undefined = flags.store === false ? undefined : await openStore(flags.store);
  const notifying = await (await import('../notifying.ts')).notifyingOf(flags, store);
  const progress = await startProgress(flags, context, prepared.instances.length);
  try {
    const { onEvent } = progress;
    const packages = outputs.wantsPackages ? new PackageBook() : undefined;
    const report = await prepared.run({
      ...(store ? { store } : {}),
      ...(packages ? { onRead: packages.keep.bind(packages) } : {}),
      signal: context.signal,
      onEvent,
      ...notifying,
    });
    progress.stop();
    await outputs.write(report, context, {
      ...(store ? { history: store.listScans(historyLength) } : {}),
      ...(packages ? { packagesOf: packages.of.bind(packages) } : {}),
    });
    const codes = [exitOf(report, flags.failOn) as ExitCode];
    await notifying?.deliver(context);
    if (flags.replace && !context.signal.aborted)
      codes.push(await replaceAfterScan(wholeOf(report), flags, store, context));
    return worstExit(codes);
  } finally {
    progress.stop();
    store?.close();
  }
}

/** Replaces by the fleet file's own leave. @throws UserError where there is no fleet file or no store. */
async function replaceAfterScan(
  report: Report,
  flags: ScanFlags,
  store: Store | undefined,
  context: Context,
): Promise<ExitCode> {
  if (!flags.inventory || !store)
    throw new UserError('--replace needs a fleet file and a store', 'give --inventory FILE, and leave out --no-store');
  const [{ replaceAfter }, { executionOf, refusing, tell, tellSinks }] = await Promise.all([
    import('../../app/replacing/auto.ts'),
    import('../replacing.ts'),
  ]);
  const the = await executionOf({ ...flags, inventory: flags.inventory }, store, context);
  const inventory = flags.inventory;
  return await refusing(context.stderr, async () => {
    const result = await replaceAfter(report, the);
    const code = tell(result, context.stderr);
    await tellSinks(result, { ...flags, inventory }, store, context);
    return code;
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
