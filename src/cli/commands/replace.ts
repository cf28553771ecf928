import type { Command } from 'commander';
import { Option } from 'commander';
import { printable } from '../../core/bytes.ts';
import { UserError } from '../../core/errors.ts';
import { type ExitCode, exit } from '../../core/exit.ts';
import type { Store } from '../../core/ports.ts';
import type { ReplacePlan } from '../../core/replacement.ts';
import { type Context, collectOption, numberOption, openStore } from '../context.ts';
import { readWholeReport, storedReport, writeResult } from '../files.ts';
import { executionOf, refusing, tell, tellSinks } from '../replacing.ts';

interface PlanFlags {
  inventory: string;
  scan: string;
  report?: string;
  fresh?: boolean;
  only?: string[];
  output?: string;
  format: 'text' | 'json';
  store?: string;
}

interface ActFlags {
  inventory: string;
  plan: string;
  approve: string;
  policy: string[];
  timeout: number;
  connectTimeout: number;
  dryRun?: boolean;
  force?: boolean;
  store?: string;
}

const after = `
Examples:
  snowfence scan --inventory fleet.yaml
  snowfence replace plan --inventory fleet.yaml -o plan.json     (says what would be done, and the plan's digest)
  snowfence replace apply --inventory fleet.yaml --plan plan.json --approve sha256:...
  snowfence replace status

Nothing is ever contacted by "plan". "apply" does it one instance after the other, keeps evidence first where one was tampered with,
scans each new instance, and stops at the first that is not clean. A run that was cut off goes on with "resume".`;

export function addReplace(program: Command, context: Context): void {
  const replace = program
    .command('replace')
    .description('replace drifted instances safely: plan, approve, do, verify')
    .addHelpText('after', after);
  const inventory = () =>
    new Option('--inventory <file>', 'fleet file with a section "replace"').makeOptionMandatory(true);
  replace
    .command('plan')
    .description('who would be replaced, how, in which order, and what is refused; contacts nobody')
    .addOption(inventory())
    .option('--scan <scan>', 'the scan that it rests on: id, begin of an id, last or last~N', 'last')
    .option('--report <file>', 'a JSON report instead; its scan must be in the store when the plan is applied')
    .option('--fresh', 'scan the fleet first')
    .option('--only <name>', 'only this instance, repeatable', collectOption)
    .addOption(new Option('--format <format>', 'of what is printed').choices(['text', 'json']).default('text'))
    .option('-o, --output <file>', 'write the plan (JSON) there, for apply')
    .option('--store <file>', 'the store')
    .addHelpText('after', '\nExample: snowfence replace plan --inventory fleet.yaml -o plan.json')
    .action((flags: PlanFlags) => plan(flags, context));
  const act = (name: string, about: string) =>
    replace
      .command(name)
      .description(about)
      .addOption(inventory())
      .option('--policy <file>', 'own policy file for the scans of new instances, repeatable', collectOption, [])
      .option('--timeout <seconds>', 'limit for one look at an instance', numberOption('--timeout', 1, 86_400), 900)
      .option('--connect-timeout <seconds>', 'limit for connecting', numberOption('--connect-timeout', 0.1, 3600), 15)
      .option('--store <file>', 'the store');
  act('apply', 'do a plan that was read and is approved by its digest')
    .requiredOption('--plan <file>', 'the plan')
    .requiredOption('--approve <digest>', 'its digest, or at least the first 12 hex digits')
    .option('--dry-run', 'go through everything that is checked first, and do nothing')
    .addHelpText(
      'after',
      '\nExample: snowfence replace apply --inventory fleet.yaml --plan plan.json --approve sha256:0123456789ab',
    )
    .action((flags: ActFlags) => apply(flags, context));
  act('resume', 'go on with a run that was interrupted or whose process died')
    .argument('[RUN]', 'id or its beginning, or last', 'last')
    .option('--force', 'also when its process is on another machine and nobody can tell whether it lives')
    .addHelpText('after', '\nExample: snowfence replace resume --inventory fleet.yaml')
    .action((run: string, flags: ActFlags) => resume(run, flags, context));
  replace
    .command('status')
    .description('runs, or one of them step by step')
    .argument('[RUN]', 'id or its beginning, or last')
    .option('--json', 'as JSON')
    .option('--store <file>', 'the store')
    .addHelpText('after', '\nExample: snowfence replace status last')
    .action((run: string | undefined, flags: { json?: boolean; store?: string }) => status(run, flags, context));
  replace
    .command('abort')
    .description('give a run up: what is begun is finished, nothing more is begun')
    .argument('[RUN]', 'id or its beginning, or last', 'last')
    .option('--store <file>', 'the store')
    .addHelpText('after', '\nExample: snowfence replace abort last')
    .action((run: string, flags: { store?: string }) => abort(run, flags, context));
}

async function withStore<T>(path: string | undefined, act: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(path);
  try {
    return await act(store);
  } finally {
    store.close();
  }
}

async function plan(flags: PlanFlags, context: Context): Promise<void> {
  const [{ circumstances, loadSetup }, { makePlan }, { planText }] = await Promise.all([
    import('../../app/replacing/setup.ts'),
    import('../../replace/plan.ts'),
    import('../replace-text.ts'),
  ]);
  const setup = await loadSetup(flags.inventory);
  if (flags.fresh) {
    const place = flags.store === undefined ? [] : ['--store', flags.store];
    const code = await context.run(['scan', '--inventory', flags.inventory, ...place, '--output', '/dev/null']);
    if (code !== exit.clean && code !== exit.findings && code !== exit.incomplete) {
      context.code = code;
      return;
    }
  }
  await withStore(flags.store, async (store) => {
    const report = flags.report === undefined ? storedReport(store, flags.scan) : await readWholeReport(flags.report);
    const made = makePlan({
      ...{ report, config: setup.config, drivers: setup.drivers },
      circumstances: circumstances(setup.config, context.env, (group) => store.journal.lastStarted(group)),
      ...(flags.only ? { only: flags.only } : {}),
    });
    const json = `${JSON.stringify(made, null, 2)}\n`;
    if (flags.output !== undefined) writeResult(flags.output, json);
    context.stdout.write(flags.format === 'json' ? json : planText(made, flags));
    if (made.refusals.length > 0) context.code = exit.replacement;
  });
}

async function apply(flags: ActFlags, context: Context): Promise<void> {
  const [{ applyPlan, checkPlan }, { readPlan }] = await Promise.all([
    import('../../app/replacing/execute.ts'),
    import('../../app/replacing/plan-file.ts'),
  ]);
  const read: ReplacePlan = await readPlan(flags.plan);
  await withStore(flags.store, async (store) => {
    const the = await executionOf(flags, store, context);
    context.code = await refusing(context.stderr, async () => {
      if (!flags.dryRun) return await told(await applyPlan(read, flags.approve, the), flags, store, context);
      const approved = await checkPlan(read, flags.approve, the);
      context.stdout.write(`dry run: the plan holds, ${approved.items.length} would be replaced; nothing was done\n`);
      return exit.clean;
    });
  });
}

/** How a run ended, to whom it concerns. */
async function told(
  result: Parameters<typeof tell>[0],
  flags: ActFlags,
  store: Store,
  context: Context,
): Promise<ExitCode> {
  const code = tell(result, context.stdout);
  await tellSinks(result, flags, store, context);
  return code;
}

async function resume(run: string, flags: ActFlags, context: Context): Promise<void> {
  const { resumeRun } = await import('../../app/replacing/execute.ts');
  await withStore(flags.store, async (store) => {
    const the = await executionOf(flags, store, context);
    context.code = await refusing(
      context.stderr,
      async () => await told(await resumeRun(run, the, flags.force), flags, store, context),
    );
  });
}

async function status(
  run: string | undefined,
  flags: { json?: boolean; store?: string },
  context: Context,
): Promise<void> {
  const { runText, runsText } = await import('../replace-text.ts');
  await withStore(flags.store, async ({ journal }) => {
    if (run === undefined) {
      const runs = journal.list(50);
      context.stdout.write(flags.json ? `${JSON.stringify(runs, null, 2)}\n` : runsText(runs));
      return;
    }
    const found = journal.find(run);
    if (!found) throw new UserError(`there is no run "${run}"`, '"snowfence replace status" lists them');
    context.stdout.write(flags.json ? `${JSON.stringify(found, null, 2)}\n` : runText(found));
  });
}

async function abort(run: string, flags: { store?: string }, context: Context): Promise<void> {
  const { isAlive } = await import('../../app/holder.ts');
  await withStore(flags.store, async ({ journal }) => {
    const found = journal.find(run);
    if (!found) throw new UserError(`there is no run "${run}"`, '"snowfence replace status" lists them');
    journal.abort(found.run.id, 'given up by a person', new Date().toISOString(), isAlive);
    const open = found.plan.items.filter(({ instance }) => {
      const rows = found.rows.filter((row) => row.instance === instance);
      return (
        rows.length > 0 && !rows.some(({ step, state }) => state === 'failed' || (step === 'after' && state === 'done'))
      );
    });
    context.stdout.write(`run ${found.run.id}: given up\n`);
    for (const { name } of open)
      context.stdout.write(
        `${printable(name)} was in the middle: look at it ("snowfence replace status ${found.run.id.slice(0, 8)}")\n`,
      );
  });
}
