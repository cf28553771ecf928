import { printable } from '../core/bytes.ts';
import type { JournalRow, PlanItem, Refusal, ReplacePlan, RunRow, Step } from '../core/replacement.ts';

/** A plan for people: refusals, then who is replaced and how, who is left alone and why, and what to do next. */
export function planText(plan: ReplacePlan, { inventory, output }: { inventory: string; output?: string }): string {
  const { items, left, refusals } = plan;
  const lines = [
    `plan ${plan.digest}`,
    `from the scan ${plan.scan.id} of ${plan.scan.finishedAt}`,
    '',
    ...(refusals.length > 0 ? ['refused as a whole:', ...refusals.map((one) => `  ${refusalLine(one)}`), ''] : []),
    ...(items.length > 0 ? [`replace ${items.length}:`] : ['nothing to replace']),
    ...items.flatMap(itemLines),
    ...(left.length > 0 ? ['', `left alone ${left.length}:`] : []),
    ...left.map(({ instance, why }) => `  ${printable(instance)}: ${printable(why)}`),
    '',
  ];
  if (items.length > 0 && refusals.length === 0)
    lines.push(
      'To do it:',
      ...(output === undefined ? [`  snowfence replace plan --inventory ${inventory} -o plan.json`] : []),
      `  snowfence replace apply --inventory ${inventory} --plan ${output ?? 'plan.json'} --approve ${plan.digest}`,
      '',
    );
  return lines.join('\n');
}

function refusalLine({ limit, group, says }: Refusal): string {
  return printable(`${limit}${group === undefined ? '' : ` of the group ${group}`}: ${says}`);
}

function itemLines({
  order,
  name,
  group,
  verdict,
  score,
  reason,
  driver,
  calls,
  checks,
  image,
  zone,
  evidence,
  wholeGroup,
}: PlanItem): string[] {
  const where = `${group === '' ? 'no group' : `group ${group}`}${zone === undefined ? '' : `, zone ${zone}`}`;
  return [
    printable(`  ${order}. ${name}  ${verdict}, score ${score}  (${where})`),
    printable(`     why: ${reason}`),
    ...(wholeGroup ? ['     all instances of its group are replaced with it, and counted'] : []),
    ...(evidence ? ['     first: evidence is kept'] : []),
    ...calls.map((call, i) => printable(`     ${i === 0 ? `how: ${driver}:` : '          then'} ${call}`)),
    printable(`     new one from ${image.ref}; checked: ${checks.join('; ')}`),
  ];
}

/** One step while a run goes on. */
export function stepLine(item: PlanItem, step: Step, state: JournalRow['state'] | 'waiting', says: string): string {
  const words = { begun: '...', done: 'done', failed: 'FAILED', waiting: '...' } as const;
  return `${printable(item.name)}: ${step} ${words[state]}${says === '' ? '' : ` ${printable(says)}`}\n`;
}

/** All runs, newest first. */
export function runsText(runs: readonly RunRow[]): string {
  if (runs.length === 0) return 'no run yet: "snowfence replace plan" makes a plan\n';
  return `${runs.map(runLine).join('\n')}\n`;
}

function runLine({ id, state, startedAt, finishedAt, says }: RunRow): string {
  return printable(
    `${id}  ${state.padEnd(8)} ${startedAt}${finishedAt ? ` - ${finishedAt}` : ''}${says ? `  ${says}` : ''}`,
  );
}

/** One run, instance by instance, step by step. */
export function runText({ run, plan, rows }: { run: RunRow; plan: ReplacePlan; rows: readonly JournalRow[] }): string {
  const lines = [runLine(run), `plan ${plan.digest}`];
  for (const { instance, name, image } of plan.items) {
    const mine = rows.filter((row) => row.instance === instance);
    lines.push('', printable(`${name} (to ${image.ref})${mine.length === 0 ? ': not begun' : ''}`));
    for (const { step, state, at, data } of mine) {
      if (state === 'begun' && mine.some((row) => row.step === step && row.state !== 'begun')) continue;
      const more = Object.entries(data).map(
        ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      lines.push(
        printable(`  ${at}  ${step.padEnd(8)} ${state}${more.length > 0 ? `  ${more.join(' ').slice(0, 300)}` : ''}`),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
