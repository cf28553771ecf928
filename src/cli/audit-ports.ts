import { closeSync, openSync, writeSync } from 'node:fs';
import { messageOf, UserError } from '../core/errors.ts';
import type { Store } from '../core/ports.ts';
import { provide } from '../core/registry.ts';
import type { Report } from '../core/report.ts';
import type { LookRow } from '../core/store.ts';
import { renderers } from '../report/registry.ts';
import type { AuditPorts } from '../tui/ports.ts';
import type { Context } from './context.ts';
import { executionOf } from './replacing.ts';
import type { PreparedScan, ScanningFlags } from './scanning.ts';

/** Looks of which the history of an instance is drawn. */
const looks = 24;

/** What an audit can have done, with what its command line named. */
export interface AuditMeans {
  flags: ScanningFlags;
  context: Context;
  store: Store | undefined;
  /** Absent where nobody was named to scan. */
  prepared: PreparedScan | undefined;
}

/** The audit's ways to the world: the same functions that `scan`, `waiver add`, `replace plan` and `replace apply` call. */
export async function auditPorts({ flags, context, store, prepared }: AuditMeans): Promise<AuditPorts> {
  return {
    history: (instance) => historyOf(store?.listLooks(instance, looks) ?? []),
    exportTo,
    waive,
    ...(prepared ? { scan: scanPort(prepared, store, context) } : {}),
    ...(flags.inventory !== undefined && store ? { replace: replacePort(flags.inventory, flags, store, context) } : {}),
  };
}

/** Live findings, oldest first. An instance that was not reached was not clean: nothing is known of it then. */
function historyOf(found: readonly LookRow[]): number[] {
  return found.flatMap(({ live, verdict }) => (verdict === 'unreachable' ? [] : [live])).reverse();
}

function scanPort(
  { instances, run }: PreparedScan,
  store: Store | undefined,
  context: Context,
): AuditPorts['scan'] & {} {
  return {
    instances: instances.map(({ id, name, group, image = '' }) => ({ id, name, group, image })),
    async run(onEvent, signal) {
      const all = AbortSignal.any([signal, context.signal]);
      const view = await run({ ...(store ? { store } : {}), signal: all, onEvent });
      // Whoever browses goes to and fro: the instances are made once and kept.
      return { ...view, instances: [...view.instances] };
    },
  };
}

/** A file that is there is somebody's: it is left alone. */
async function exportTo(file: string, report: Report): Promise<string> {
  const format = file.endsWith('.json') ? 'json' : 'text';
  const renderer = await provide(renderers, 'format', format);
  try {
    const open = openSync(file, 'wx');
    try {
      for (const chunk of renderer.render(report, { color: false, all: false })) writeSync(open, chunk);
    } finally {
      closeSync(open);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new UserError(`${file} is there already`, 'name another file', { cause: error });
    const hint = 'name a file in a directory that exists';
    throw new UserError(`cannot write ${file}: ${messageOf(error)}`, hint, { cause: error });
  }
  return `written to ${file} as ${format}`;
}

const waive: AuditPorts['waive'] = async (of, { owner, reason, expires, ticket, scope, pin, file }) => {
  const { addWaiver, expiry, waiverFor } = await import('../app/waivers.ts');
  const until = expiry(expires.trim(), new Date());
  const made = waiverFor(of, { owner, reason, ...(ticket.trim() ? { ticket } : {}), expires: until, scope, pin });
  await addWaiver(file, made);
  return `${made.id} until ${until}, in force with --policy ${file}`;
};

function replacePort(
  inventory: string,
  flags: ScanningFlags,
  store: Store,
  context: Context,
): AuditPorts['replace'] & {} {
  return {
    async plan(report, only) {
      const [{ circumstances, loadSetup }, { makePlan }] = await Promise.all([
        import('../app/replacing/setup.ts'),
        import('../replace/plan.ts'),
      ]);
      const { config, drivers } = await loadSetup(inventory);
      const now = circumstances(config, context.env, (group) => store.journal.lastStarted(group));
      return makePlan({ report, config, drivers, circumstances: now, ...(only.length > 0 ? { only } : {}) });
    },
    async apply(plan, onStep, signal) {
      const { applyPlan } = await import('../app/replacing/execute.ts');
      const { policy, timeout, connectTimeout } = flags;
      const the = await executionOf({ inventory, policy, timeout, connectTimeout }, store, context);
      return applyPlan(plan, plan.digest, {
        ...the,
        signal: AbortSignal.any([signal, context.signal]),
        onStep: (item, step, state, says) => onStep({ item, step, state, says }),
      });
    },
  };
}
