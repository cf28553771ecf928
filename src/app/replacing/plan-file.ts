import { readFileSync } from 'node:fs';
import { messageOf, UserError } from '../../core/errors.ts';
import type { ReplacePlan } from '../../core/replacement.ts';
import { planSchema } from '../../schema/plan.ts';
import { compileSchema } from '../../schema/validate.ts';

/** Reads a plan that "replace plan -o" wrote. @throws UserError naming what is wrong with it. */
export async function readPlan(path: string): Promise<ReplacePlan> {
  let plan: unknown;
  try {
    plan = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(
      `cannot read the plan ${path}: ${messageOf(error)}`,
      'make one with "snowfence replace plan -o FILE"',
      {
        cause: error,
      },
    );
  }
  const mistakes = (await compileSchema(planSchema))(plan);
  if (mistakes.length > 0)
    throw new UserError(
      mistakes
        .map(({ pointer, message }) => `${path}: ${pointer.slice(1).replaceAll('/', '.') || 'the document'} ${message}`)
        .join('\n'),
      'this is no plan; make one with "snowfence replace plan -o FILE"',
    );
  return plan as ReplacePlan;
}
