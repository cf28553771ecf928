import type { Execution } from '../app/replacing/execute.ts';
import { printable } from '../core/bytes.ts';
import { type ExitCode, exit } from '../core/exit.ts';
import type { Store } from '../core/ports.ts';
import { ReplaceError } from '../core/replacement.ts';
import type { RunResult } from '../replace/run.ts';
import type { Context } from './context.ts';
import { deliverTo } from './notifying.ts';

/** Options of whatever replaces. */
export interface ReplacingFlags {
  inventory: string;
  policy: string[];
  /** Seconds. */
  timeout: number;
  connectTimeout: number;
}

/** What an execution needs, from the command line; its steps are told on standard error. @throws UserError */
export async function executionOf(flags: ReplacingFlags, store: Store, context: Context): Promise<Execution> {
  const [{ loadSetup }, { version }, { stepLine }] = await Promise.all([
    import('../app/replacing/setup.ts'),
    import('../app/places.ts'),
    import('./replace-text.ts'),
  ]);
  return {
    setup: await loadSetup(flags.inventory),
    ...{ store, policies: flags.policy, env: context.env, signal: context.signal, version: version() },
    limits: {
      connectMs: flags.connectTimeout * 1000,
      idleMs: 300_000,
      totalMs: flags.timeout * 1000,
      maxBytes: 256 * 1024 * 1024,
    },
    onStep: (...args) => void context.stderr.write(stepLine(...args)),
  };
}

/** Tells whom the fleet file names of what failed; that it cannot be told changes nothing. */
export async function tellSinks(
  result: (RunResult & { run: string }) | undefined,
  { inventory, notify }: { inventory: string; notify?: boolean },
  store: Store,
  context: Context,
): Promise<void> {
  const plan = result && store.journal.find(result.run)?.plan;
  if (!plan || notify === false) return;
  const [{ loadNotifying }, { outgoingOfRun }] = await Promise.all([
    import('../app/notifying/setup.ts'),
    import('../app/notifying/replaced.ts'),
  ]);
  const notifying = await loadNotifying(inventory);
  if (!notifying) return;
  const at = new Date().toISOString();
  store.outbox.put(at, outgoingOfRun(notifying, plan, result, at));
  await deliverTo(store, notifying, context);
}

/** Says how a run ended. */
export function tell(result: (RunResult & { run: string }) | undefined, to: NodeJS.WriteStream): ExitCode {
  if (!result) {
    to.write('nothing to replace\n');
    return exit.clean;
  }
  const { run, state, says, left } = result;
  to.write(`run ${run}: ${state}\n${printable(says)}\n`);
  if (left.length > 0) to.write(`left alone: ${left.map(printable).join(', ')}\n`);
  return state === 'done' ? exit.clean : exit.replacement;
}

/** A refusal is said, and is exit code 4. */
export async function refusing(to: NodeJS.WriteStream, act: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ReplaceError)) throw error;
    const lines = error.message.split('\n').map(printable).join('\n  ');
    to.write(`snowfence: ${lines}\n${error.hint ? `  ${printable(error.hint)}\n` : ''}`);
    return exit.replacement;
  }
}
