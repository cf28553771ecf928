import { type Command, Option } from 'commander';
import type { ScanOptions } from '../app/scan.ts';
import { type Depth, depths } from '../core/ask.ts';
import type { Instance } from '../core/ports.ts';
import type { ReportView } from '../core/report.ts';
import { collectOption, numberOption } from './context.ts';
import { readKey } from './files.ts';
import { instancesFor } from './instances.ts';
import { addWayOptions, type WayFlags } from './ways.ts';

/** Who is to be scanned, compared with what, and how they are read: the options of whatever scans. */
export interface ScanningFlags extends WayFlags {
  inventory?: string;
  /** Groups of the fleet file; empty = all. */
  group: string[];
  manifest?: string;
  image?: string;
  policy: string[];
  launchKey?: string[];
  depth?: Depth;
  maxFileSize: number;
  maxHashed: number;
  cpuShare: number;
  perGroup: number;
  groupBy?: string;
  concurrency: number;
  /** MiB. */
  memory: number;
  /** Seconds, like the two that follow. */
  timeout: number;
  connectTimeout: number;
  idleTimeout: number;
  scratch: boolean;
}

/** Adds these options, with their defaults. */
export function addScanningOptions(command: Command): Command {
  return addWayOptions(command)
    .option('--inventory <file>', 'fleet file (YAML): hosts, groups, labels, images')
    .option('--group <name>', 'only this group of the fleet file, repeatable', collectOption, [])
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
    );
}

/** A scan whose arguments were proved right; nobody was contacted yet. */
export interface PreparedScan {
  instances: Instance[];
  /** Scans. An abort gives a partial report. */
  run(
    how: Pick<ScanOptions, 'store' | 'signal' | 'onEvent' | 'onRead' | 'onForgotten' | 'outgoing'>,
  ): Promise<ReportView>;
}

/** Reads everything that the flags name. @throws UserError for what is wrong with it. */
export async function prepareScan(uris: string[], flags: ScanningFlags): Promise<PreparedScan> {
  const [{ AnswerBudget }, { ManifestBook }, { scan }, { version }] = await Promise.all([
    import('../app/budget.ts'),
    import('../app/manifests.ts'),
    import('../app/scan.ts'),
    import('../app/places.ts'),
  ]);
  const launchKeys = (flags.launchKey ?? []).map((path) => readKey(path));
  const instances = (await instancesFor(uris, flags)).map((i) => ({
    ...i,
    launchKeys: [...(i.launchKeys ?? []), ...launchKeys],
  }));
  const loadPolicies = async (files: string[]) => (await import('../app/policies.ts')).loadPolicies(files);
  // One's own policies are proved right before anybody is contacted; the shipped ones can wait.
  const own = flags.policy.length > 0 ? await loadPolicies(flags.policy) : undefined;
  const fixed = {
    ...(flags.manifest ? { manifestFile: flags.manifest } : {}),
    ...(flags.image ? { image: flags.image } : {}),
  };
  return {
    instances,
    run: ({ store, signal, onEvent, onRead, onForgotten, outgoing }) =>
      scan({
        instances,
        manifests: new ManifestBook(store, fixed),
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
        signal,
        version: version(),
        ...(onEvent ? { onEvent } : {}),
        ...(onRead ? { onRead } : {}),
        ...(onForgotten ? { onForgotten } : {}),
        ...(outgoing ? { outgoing } : {}),
      }),
  };
}
