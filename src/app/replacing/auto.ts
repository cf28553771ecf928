import { ReplaceError } from '../../core/replacement.ts';
import type { Report } from '../../core/report.ts';
import { inWords } from '../../replace/guard/permit.ts';
import { makePlan } from '../../replace/plan.ts';
import type { RunResult } from '../../replace/run.ts';
import { applyPlan, type Execution } from './execute.ts';
import { circumstances } from './setup.ts';

/**
 * Plans from a scan that was just stored and does it, approved by the configuration's `mode: auto`; undefined when there is nothing
 * to replace. The guard is the same.
 * @throws ReplaceError when the plan is refused; nothing was done.
 */
export async function replaceAfter(report: Report, the: Execution): Promise<(RunResult & { run: string }) | undefined> {
  const { config, drivers } = the.setup;
  if (config.mode !== 'auto')
    throw new ReplaceError(`replace.mode of ${the.setup.path} is ${config.mode ?? 'plan'}`, {
      hint: 'read a plan and approve it ("snowfence replace plan"), or set replace.mode to auto',
    });
  const now = circumstances(config, the.env, (group) => the.store.journal.lastStarted(group));
  const plan = makePlan({ report, config, drivers, circumstances: now });
  if (plan.refusals.length > 0)
    throw new ReplaceError(`the plan is refused as a whole:\n${plan.refusals.map(inWords).join('\n')}`, {
      hint: 'nothing was done',
    });
  return plan.items.length === 0 ? undefined : await applyPlan(plan, plan.digest, the);
}
