import { wholeOf } from '../app/stored.ts';
import { UserError } from '../core/errors.ts';
import { type ExitCode, worstExit } from '../core/exit.ts';
import type { Severity } from '../core/finding.ts';
import type { Store } from '../core/ports.ts';
import type { Report, ReportView, ScanEvent } from '../core/report.ts';
import type { Context } from './context.ts';
import type { ScanNotifying } from './notifying.ts';
import { historyLength, type OutputFlags, type Outputs } from './output.ts';
import type { PreparedScan, ScanningFlags } from './scanning.ts';

/** Options of a scan from its begin to its end. */
export interface ScanFlags extends ScanningFlags, OutputFlags {
  failOn: Severity;
  store?: string | false;
  quiet?: boolean;
  replace?: boolean;
  /** False: nobody is told. */
  notify?: boolean;
  /** A job of the fleet file whose settings count where the flags say nothing. */
  job?: string;
  /** False: no lock is taken. */
  lock?: boolean;
  /** Seconds that are waited for whoever has the lock. */
  wait: number;
}

/** Everything that was made ready for a scan. */
export interface WholeScan {
  flags: ScanFlags;
  prepared: PreparedScan;
  /** Absent where its result is only remembered. */
  outputs: Outputs | undefined;
  store: Store | undefined;
  notifying: ScanNotifying | undefined;
  context: Context;
  onEvent: (event: ScanEvent) => void;
  /** All instances were read and judged. */
  onScanned?: () => void;
}

/** A scan and what comes after it, for `scan` and `serve` alike: results are written, people told, instances replaced. */
export async function wholeScan(the: WholeScan): Promise<{ report: ReportView; code: ExitCode }> {
  const { flags, prepared, outputs, store, notifying, context, onEvent, onScanned = () => {} } = the;
  const packages = outputs?.wantsPackages ? new (await import('../app/packages.ts')).PackageBook() : undefined;
  let forgotten: { error: unknown } | undefined;
  const report = await prepared.run({
    ...(store ? { store } : {}),
    ...(packages ? { onRead: packages.keep.bind(packages) } : {}),
    signal: context.signal,
    onEvent,
    onForgotten: (error) => {
      forgotten = { error };
    },
    ...notifying,
  });
  onScanned();
  const { exitOf } = await import('../app/outcome.ts');
  const codes = [exitOf(report, flags.failOn) as ExitCode];
  try {
    await outputs?.write(report, context, {
      ...(store ? { history: store.listScans(historyLength) } : {}),
      ...(packages ? { packagesOf: packages.of.bind(packages) } : {}),
    });
  } finally {
    // A disk that is full under a report keeps nobody from being told.
    await notifying?.deliver(context);
  }
  // A store that is busy or full costs the memory of the scan and not its results, which nobody can have again.
  if (forgotten) throw forgotten.error;
  if (flags.replace && !context.signal.aborted)
    codes.push(await replaceAfterScan(wholeOf(report), flags, store, context));
  return { report, code: worstExit(codes) };
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
    import('../app/replacing/auto.ts'),
    import('./replacing.ts'),
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
