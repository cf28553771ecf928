import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../core/errors.ts';
import type { Limits, Store } from '../../core/ports.ts';
import type { DriverContext, DriverSession, PlanItem, ReplacePlan, RunRow } from '../../core/replacement.ts';
import { ReplaceError } from '../../core/replacement.ts';
import type { Report } from '../../core/report.ts';
import { isOpen } from '../../core/window.ts';
import { digestOfValue } from '../../replace/digest.ts';
import { limitsOf } from '../../replace/guard/limits.ts';
import { type Approved, approve, renew } from '../../replace/guard/permit.ts';
import { refusalsOf } from '../../replace/guard/refusals.ts';
import { callHook } from '../../replace/hook.ts';
import type { Hands } from '../../replace/one.ts';
import { settingsFor } from '../../replace/plan.ts';
import { type Run, type RunResult, runPlan } from '../../replace/run.ts';
import { readSecret } from '../../transport/secret.ts';
import { isAlive, thisHolder } from '../holder.ts';
import { ManifestBook } from '../manifests.ts';
import { loadPolicies } from '../policies.ts';
import { scan } from '../scan.ts';
import { viewOf, wholeOf } from '../stored.ts';
import { takeEvidence } from './evidence.ts';
import { circumstances, type Setup, stoppedBy } from './setup.ts';
import { successorInstance, verdictOn } from './verify.ts';

/** What an execution needs beside the plan. */
export interface Execution {
  setup: Setup;
  store: Store;
  policies: string[];
  limits: Limits;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  version: string;
  onStep?: Hands['onStep'];
}

/**
 * Approves a plan against what holds now, and does it.
 * @throws ReplaceError when it is refused (nothing was done), UserError when another run holds one of its groups.
 */
export async function applyPlan(
  plan: ReplacePlan,
  digest: string,
  the: Execution,
): Promise<RunResult & { run: string }> {
  const approved = await checkPlan(plan, digest, the);
  const id = randomUUID();
  const row: RunRow = { id, planDigest: plan.digest, startedAt: new Date().toISOString(), state: 'running', says: '' };
  the.store.journal.begin(row, plan, thisHolder(), isAlive);
  return { run: id, ...(await execute(id, approved, the)) };
}

/** Everything that is checked before a plan is done. @throws ReplaceError when it is refused. */
export async function checkPlan(plan: ReplacePlan, digest: string, the: Execution): Promise<Approved> {
  const { config } = the.setup;
  const report = await samePolicy(plan, the);
  const now = circumstances(config, the.env, (group) => the.store.journal.lastStarted(group));
  const refusals = refusalsOf(plan.items, report, config, now);
  return approve(plan, { digest, config: digestOfValue(config), refusals });
}

/** The scan that a plan rests on, judged as new instances will be. @throws ReplaceError */
async function samePolicy(plan: ReplacePlan, the: Execution): Promise<Report> {
  const report = reportOf(the.store, plan);
  const { digest } = await loadPolicies(the.policies);
  if (digest === report.scan.policy.digest) return report;
  throw new ReplaceError('the scan that the plan rests on was judged by another policy than new instances would be', {
    hint: 'give the same --policy files as to the scan, in the same order, or scan and plan again',
  });
}

/**
 * Goes on with a run whose process has died or was interrupted.
 * @throws UserError when it works, or has ended, ReplaceError when policy or configuration are others than it was approved for.
 */
export async function resumeRun(id: string, the: Execution, force = false): Promise<RunResult & { run: string }> {
  const { journal } = the.store;
  const found = journal.find(id);
  if (!found) throw new UserError(`there is no run "${id}"`, '"snowfence replace status" lists them');
  const { plan, run } = found;
  await samePolicy(plan, the);
  if (plan.config !== digestOfValue(the.setup.config))
    throw new ReplaceError('the section "replace" of the fleet file is another than the run was approved for', {
      hint: `put it back as it was, or give the run up: "snowfence replace abort ${run.id.slice(0, 8)}"`,
    });
  journal.takeOver(run.id, thisHolder(), force ? () => false : isAlive);
  const items = plan.items.map((item) => ({ item, permit: renew(plan, item.instance) }));
  return { run: run.id, ...(await execute(run.id, { plan, items }, the)) };
}

async function execute(id: string, { plan, items }: Approved, the: Execution): Promise<RunResult> {
  const { journal } = the.store;
  const { config } = the.setup;
  const rows = journal.find(id)?.rows ?? [];
  const run: Run = { id, items, rows, config };
  const work = await mkdtemp(join(tmpdir(), 'snowfence-replace-'));
  const sessions = new Map<string, Promise<DriverSession>>();
  try {
    await writeFile(join(work, 'known_hosts'), '', { mode: 0o600 });
    const result = await runPlan(run, handsOf(id, plan, work, sessions, the), () => stopOf(id, plan, the));
    if (result.state !== 'running') journal.end(id, result.state, result.says, new Date().toISOString());
    return { ...result, state: journal.find(id)?.run.state ?? result.state };
  } finally {
    for (const session of sessions.values()) await session.then((one) => one.close()).catch(() => {});
    await rm(work, { recursive: true, force: true });
  }
}

/** Why nothing new is begun: the kill switch, a window that has closed, or somebody who gave the run up. */
function stopOf(id: string, plan: ReplacePlan, { setup: { config }, store, env }: Execution): string | undefined {
  const state = store.journal.find(id)?.run.state;
  if (state !== 'running') return 'it was given up (replace abort)';
  const closed = [...new Set(plan.items.map(({ group }) => group))].find((group) => {
    const { window } = limitsOf(config, group);
    return window !== undefined && !isOpen(window, Date.now());
  });
  return (
    stoppedBy(config.guard?.killFile, env) ?? (closed === undefined ? undefined : `the window of ${closed} has closed`)
  );
}

function handsOf(
  id: string,
  plan: ReplacePlan,
  work: string,
  sessions: Map<string, Promise<DriverSession>>,
  the: Execution,
): Hands {
  const { setup, store, signal } = the;
  const { config } = setup;
  const context: DriverContext = { signal, env: the.env, secret: (reference) => readSecret(reference, 'secret') };
  const instanceOf = ({ instance }: PlanItem) => {
    const found = setup.instances.find((one) => one.id === instance);
    if (!found) throw new UserError(`${setup.path} has no instance "${instance}" any more`, 'plan again');
    return found;
  };
  const report = findReport(store, plan);
  const { upSeconds = 900, everySeconds = 10 } = config.verify ?? {};
  return {
    journal: store.journal,
    async session({ driver: name, group }) {
      const key = JSON.stringify([name, group]);
      const driver = setup.drivers.get(name);
      if (!driver) throw new UserError(`the configuration has no driver "${name}" any more`, 'plan again');
      const known = sessions.get(key) ?? driver.open(settingsFor(config, name, group), context);
      sessions.set(key, known);
      return known;
    },
    async evidence(item) {
      const seen = report?.instances.find((one) => one.id === item.instance);
      const task = { item, run: id, instance: instanceOf(item), seen, limits: the.limits, config, context };
      const taken = await takeEvidence(task);
      const hook = config.hooks?.evidence;
      return hook
        ? { ...taken, hook: await callHook(hook, { hook: 'evidence', run: id, item, ...taken }, context) }
        : taken;
    },
    async hook(which, item, { key }, more) {
      const hook = config.hooks?.[which];
      return hook ? await callHook(hook, { hook: which, run: id, key, item, ...more }, context) : {};
    },
    async verify(item, successor) {
      const instance = successorInstance(instanceOf(item), item, successor, config, join(work, 'known_hosts'));
      const seen = await scan({
        instances: [instance],
        manifests: new ManifestBook(store, {}),
        policies: () => loadPolicies(the.policies),
        limits: the.limits,
        reading: { depth: 'full', scratch: 'memory', largestFile: 4096 * 1024 * 1024, mostBytes: 0, cpuShare: 100 },
        concurrency: 1,
        signal,
        version: the.version,
      });
      const [one] = [...seen.instances];
      return one ? verdictOn(item, one, config, successor) : { state: 'later', says: 'it was not scanned' };
    },
    now: Date.now,
    // An interruption wakes whoever waits; what it means, the caller sees by the signal.
    sleep: (ms) => delay(ms, undefined, { signal }).catch(() => {}),
    upMs: upSeconds * 1000,
    everyMs: everySeconds * 1000,
    signal,
    ...(the.onStep ? { onStep: the.onStep } : {}),
  };
}

function findReport(store: Store, plan: ReplacePlan): Report | undefined {
  const found = store.findScan(plan.scan.id);
  return found && wholeOf(viewOf(found));
}

/** The scan that a plan rests on. @throws UserError when the store does not have it. */
function reportOf(store: Store, plan: ReplacePlan): Report {
  const report = findReport(store, plan);
  if (report) return report;
  throw new UserError(
    `the store has no scan ${plan.scan.id}, on which this plan rests`,
    'apply it with the store of that scan (--store), or scan and plan again',
  );
}
