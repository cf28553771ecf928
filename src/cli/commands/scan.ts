import { type Command, Option } from 'commander';
import { type Depth, depths } from '../../core/ask.ts';
import { UserError } from '../../core/errors.ts';
import { type ExitCode, worstExit } from '../../core/exit.ts';
import { type Severity, severities } from '../../core/finding.ts';
import type { Store } from '../../core/ports.ts';
import type { Report, ScanEvent } from '../../core/report.ts';
import { type Context, collectOption, numberOption, openStore, wantsColor } from '../context.ts';
import { readKey, writeResult } from '../files.ts';
import { instancesFor } from '../instances.ts';
import { formats, type ReportKind, reportKinds, writerFor } from '../output.ts';
import { addWayOptions, type WayFlags } from '../ways.ts';

/** Options as commander gives them. */
export interface ScanFlags extends WayFlags {
  inventory?: string;
  manifest?: string;
  image?: string;
  policy: string[];
  format: string;
  report?: ReportKind;
  output?: string;
  failOn: Severity;
  concurrency: number;
  timeout: number;
  connectTimeout: number;
  idleTimeout: number;
  launchKey?: string[];
  depth?: Depth;
  maxFileSize: number;
  maxHashed: number;
  cpuShare: number;
  perGroup: number;
  memory: number;
  groupBy?: string;
  scratch: boolean;
  store?: string | false;
  all?: boolean;
  quiet?: boolean;
  replace?: boolean;
}

const after = `
Examples:
  snowfence scan ssh://root@10.0.0.5 --manifest web-42.manifest
  snowfence scan web-1 web-2 --image web:42                 (aliases of ~/.ssh/config; manifest from the store)
  snowfence scan docker://web ssm://i-0abc?region=eu-west-1 (containers bring their own image)
  snowfence scan --inventory fleet.yaml --format json --output report.json --fail-on high --quiet

Without --manifest and --image the image is found by the inventory's label, by cloud-init's instance metadata or by
IMAGE_ID and IMAGE_VERSION of os-release, among the manifests in the store ("snowfence manifest add").`;

export function addScan(program: Command, context: Context): void {
  addWayOptions(program.command('scan'))
    .description('read instances, compare them with their image, say what drifted and what to do')
    .argument(
      '[INSTANCE...]',
      'ssh://[user@]host[:port], a host alias, ssm://i-0abc?region=NAME, docker://CONTAINER, local: or rootfs:/dir',
    )
    .option('--inventory <file>', 'fleet file (YAML): hosts, groups, labels, images')
    .option('--manifest <file>', 'manifest of the image that all of them were launched from')
    .option('--image <ref>', 'the same by the ref or digest of a manifest in the store')
    .option(
      '--policy <file>',
      'own policy file or pack:NAME, repeatable; its rules win over the shipped ones',
      collectOption,
      [],
    )
    .addOption(
      new Option(
        '--depth <depth>',
        'how much is hashed: all files, what stat says was touched and a changing sample, or nothing (default: quick where a full scan can be built on, else full)',
      ).choices([...depths]),
    )
    .option(
      '--max-file-size <MiB>',
      'larger files are not hashed, 0 = no limit',
      numberOption('--max-file-size', 0, 1e9),
      4096,
    )
    .option(
      '--max-hashed <MiB>',
      'most that is hashed of one instance, 0 = no limit',
      numberOption('--max-hashed', 0, 1e9),
      0,
    )
    .option('--cpu-share <percent>', 'of the time that may be spent hashing', numberOption('--cpu-share', 1, 100), 100)
    .option('--per-group <n>', 'instances of one group at once, 0 = no limit', numberOption('--per-group', 0, 1000), 0)
    .option('--group-by <label>', 'a label that tells groups for --per-group, such as their hypervisor')
    .option('--no-scratch', 'do not use memory (/dev/shm) of the instance: more bytes on the wire, no quick scans')
    .addOption(
      new Option('--format <format>', 'of the result; markdown and html are for --report compliance')
        .choices(formats)
        .default('text'),
    )
    .addOption(new Option('--report <kind>', 'what the result is about').choices([...reportKinds]).default('findings'))
    .option('--output <file>', 'write the result there instead of to standard output')
    .addOption(
      new Option('--fail-on <severity>', 'exit 1 from this severity on').choices([...severities]).default('low'),
    )
    .option('--concurrency <n>', 'instances at once', numberOption('--concurrency', 1, 1000), 16)
    .option(
      '--memory <MiB>',
      'that the answers of all instances may take together',
      numberOption('--memory', 16, 1e6),
      1024,
    )
    .option('--timeout <seconds>', 'limit for a whole instance', numberOption('--timeout', 1, 86_400), 900)
    .option(
      '--connect-timeout <seconds>',
      'limit for connecting and logging in',
      numberOption('--connect-timeout', 0.1, 3600),
      15,
    )
    .option(
      '--idle-timeout <seconds>',
      'longest silence of an instance',
      numberOption('--idle-timeout', 1, 86_400),
      300,
    )
    .option(
      '--launch-key <file>',
      'public key file given to instances at launch, where cloud-init does not record it, repeatable',
      collectOption,
      [],
    )
    .option('--store <file>', 'where scans and manifests are remembered (SNOWFENCE_STORE)')
    .option('--no-store', 'remember nothing')
    .option('--replace', 'afterwards replace what may be, where replace.mode of the fleet file is auto')
    .option('--all', 'show expected and waived differences too')
    .option('-q, --quiet', 'no progress on standard error')
    .addHelpText('after', after)
    .action(async (instances: string[], flags: ScanFlags) => {
      context.code = await runScan(instances, flags, context);
    });
}

/** Runs a scan as the command line asks for it; the exit code. */
export async function runScan(uris: string[], flags: ScanFlags, context: Context): Promise<number> {
  (await import('../memory.ts')).keepMemoryLow();
  const [{ loadPolicies }, { AnswerBudget }, { ManifestBook }, { scan }, { exitOf }, { version }] = await Promise.all([
    import('../../app/policies.ts'),
    import('../../app/budget.ts'),
    import('../../app/manifests.ts'),
    import('../../app/scan.ts'),
    import('../../app/outcome.ts'),
    import('../../app/places.ts'),
  ]);
  const launchKeys = (flags.launchKey ?? []).map((path) => readKey(path));
  const instances = (await instancesFor(uris, flags)).map((i) => ({
    ...i,
    launchKeys: [...(i.launchKeys ?? []), ...launchKeys],
  }));
  // One's own policies are proved right before anybody is contacted; the shipped ones can wait.
  const own = flags.policy.length > 0 ? await loadPolicies(flags.policy) : undefined;
  const write = await writerFor(flags.report ?? 'findings', flags.format);
  const store: Store | undefined = flags.store === false ? undefined : await openStore(flags.store);
  const progress = await startProgress(flags, context, instances.length);
  try {
    const fixed = {
      ...(flags.manifest ? { manifestFile: flags.manifest } : {}),
      ...(flags.image ? { image: flags.image } : {}),
    };
    const manifests = new ManifestBook(store, fixed);
    const report = await scan({
      instances,
      manifests,
      policies: async () => own ?? loadPolicies([]),
      limits: {
        connectMs: flags.connectTimeout * 1000,
        idleMs: flags.idleTimeout * 1000,
        totalMs: flags.timeout * 1000,
        // Working on an answer takes a few times its size for a moment.
        maxBytes: Math.min(128, flags.memory / 4) * 1024 * 1024,
      },
      budget: new AnswerBudget(flags.memory * 1024 * 1024, flags.concurrency),
      reading: {
        ...(flags.depth ? { depth: flags.depth } : {}),
        scratch: flags.scratch ? 'memory' : 'none',
        largestFile: flags.maxFileSize * 1024 * 1024,
        mostBytes: flags.maxHashed * 1024 * 1024,
        cpuShare: flags.cpuShare,
        seconds: Math.ceil(flags.timeout) + 5,
      },
      concurrency: flags.concurrency,
      perGroup: flags.perGroup,
      groupOf: ({ group, labels }) => (flags.groupBy ? (labels[flags.groupBy] ?? '') : group),
      ...(store ? { store } : {}),
      signal: context.signal,
      version: version(),
      onEvent: progress.onEvent,
    });
    progress.stop();
    const toFile = flags.output !== undefined && flags.output !== '-';
    const text = write(report, {
      color: !toFile && wantsColor(context.stdout, context.env),
      all: flags.all ?? false,
    });
    if (toFile && flags.output) writeResult(flags.output, text);
    else context.stdout.write(text);
    const codes = [exitOf(report, flags.failOn) as ExitCode];
    if (flags.replace && !context.signal.aborted) codes.push(await replaceAfterScan(report, flags, store, context));
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
  const [{ replaceAfter }, { executionOf, refusing, tell }] = await Promise.all([
    import('../../app/replacing/auto.ts'),
    import('../replacing.ts'),
  ]);
  const the = await executionOf({ ...flags, inventory: flags.inventory }, store, context);
  return await refusing(context.stderr, async () => tell(await replaceAfter(report, the), context.stderr));
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
