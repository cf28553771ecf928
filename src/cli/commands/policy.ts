import type { Command } from 'commander';
import type { PolicySet } from '../../app/policies.ts';
import { printable } from '../../core/bytes.ts';
import { exit } from '../../core/exit.ts';
import type { Report } from '../../core/report.ts';
import { type Context, collectOption, openStore } from '../context.ts';
import { readWholeReport, storedReport, writeResult } from '../files.ts';

export function addPolicy(program: Command, context: Context): void {
  const policy = program.command('policy').description('the rules that findings are judged by');
  policy
    .command('check')
    .description('validate policy files and run their examples; all mistakes at once, as file:line:column')
    .argument('<file...>')
    .addHelpText('after', '\nExample: snowfence policy check my-policy.yaml')
    .action(async (files: string[]) => {
      const { loadPolicies } = await import('../../app/policies.ts');
      const own = (await loadPolicies(files)).policies.slice(0, files.length);
      if (await failExamples(own, context)) return;
      const rules = own.reduce(
        (sum, { policy: p }) => sum + (p.rules?.length ?? 0) + (p.severities?.length ?? 0) + (p.waivers?.length ?? 0),
        0,
      );
      context.stdout.write(
        `${files.length} policy ${files.length === 1 ? 'file is' : 'files are'} valid: ${rules} rules\n`,
      );
    });
  policy
    .command('test')
    .description(
      'run the examples of every rule, and your own cases: whole instances, and what must be found on them; exit 1 when one fails',
    )
    .argument('[cases...]', 'files of cases ("snowfence schema policy-cases" says what they may hold)')
    .option('--policy <file>', 'own policy file, repeatable', collectOption, [])
    .addHelpText('after', '\nExample: snowfence policy test --policy my-policy.yaml my-cases.yaml')
    .action(async (cases: string[], flags: { policy: string[] }) => {
      const { loadPolicies } = await import('../../app/policies.ts');
      const set = await loadPolicies(flags.policy);
      if (await failExamples(set.policies, context)) return;
      const examples = set.policies
        .flatMap(({ policy: p }) => p.rules ?? [])
        .map(({ examples: e }) => (e?.hit?.length ?? 0) + (e?.miss?.length ?? 0));
      const rules = examples.filter((count) => count > 0).length;
      context.stdout.write(`${examples.reduce((a, b) => a + b, 0)} examples of ${rules} rules do what they say\n`);
      if (cases.length === 0) return;
      const { held, failed } = await (await import('../../app/cases.ts')).testCases(cases, set);
      for (const line of failed) context.stderr.write(`${printable(line)}\n`);
      if (failed.length > 0) context.code = exit.findings;
      context.stdout.write(`${held} ${held === 1 ? 'case holds' : 'cases hold'}\n`);
    });
  policy
    .command('list')
    .description('print the rules in force, in the order in which they are asked')
    .option('--policy <file>', 'own policy file, repeatable', collectOption, [])
    .option('--json', 'as JSON')
    .action(async (flags: { policy: string[]; json?: boolean }) => {
      const { loadPolicies } = await import('../../app/policies.ts');
      const { policies } = await loadPolicies(flags.policy);
      if (flags.json) {
        context.stdout.write(`${JSON.stringify(policies, null, 2)}\n`);
        return;
      }
      const say = (kind: string, id: string, reason: string) =>
        context.stdout.write(`${kind.padEnd(8)} ${id.padEnd(36)} ${reason}\n`);
      for (const { policy: p } of policies) {
        for (const rule of p.rules ?? []) say(rule.kind, rule.id, rule.reason);
        for (const weight of p.severities ?? []) say(weight.severity, weight.id, weight.reason);
        for (const waiver of p.waivers ?? []) say('waiver', waiver.id, `${waiver.reason} (until ${waiver.expires})`);
      }
    });
  policy
    .command('learn')
    .description('propose typed expectations, to review, from a scan of freshly launched instances of one image')
    .option('--scan <scan>', 'id, begin of an id, last or last~N', 'last')
    .option('--report <file>', 'a JSON report instead of a stored scan')
    .option('-o, --output <file>', 'write the policy there instead of to standard output')
    .option('--store <file>', 'the store')
    .addHelpText(
      'after',
      '\nExample: snowfence scan web-1 web-2 web-3 --image web:42; snowfence policy learn -o first-boot-web.yaml',
    )
    .action((flags: { scan: string; report?: string; output?: string; store?: string }) => learnFrom(flags, context));
  policy
    .command('explain')
    .description('why a finding is what it is: the rule that decided, those that did not and why, and what to do')
    .argument('<FINDING>', 'its id, or the beginning of it')
    .option('--scan <scan>', 'id, begin of an id, last or last~N', 'last')
    .option('--report <file>', 'a JSON report instead of a stored scan')
    .option('--policy <file>', 'own policy file, repeatable', collectOption, [])
    .option('--store <file>', 'the store')
    .addHelpText('after', '\nExample: snowfence policy explain sf-a6a43d76927c5588')
    .action(async (id: string, flags: { scan: string; report?: string; policy: string[]; store?: string }) => {
      const [{ loadPolicies }, { explanation, locate }] = await Promise.all([
        import('../../app/policies.ts'),
        import('../../app/explain.ts'),
      ]);
      const policies = await loadPolicies(flags.policy);
      const report = flags.report === undefined ? await lastReport(flags) : await readWholeReport(flags.report);
      context.stdout.write(explanation(locate(report, id), policies));
    });
}

async function learnFrom(flags: { scan: string; report?: string; output?: string; store?: string }, context: Context) {
  const { learnedPolicy } = await import('../../app/learned.ts');
  const text = learnedPolicy(
    flags.report === undefined ? await lastReport(flags) : await readWholeReport(flags.report),
  );
  if (flags.output === undefined) context.stdout.write(text);
  else writeResult(flags.output, text);
}

async function lastReport({ scan, store: path }: { scan: string; store?: string }): Promise<Report> {
  const store = await openStore(path);
  try {
    return storedReport(store, scan);
  } finally {
    store.close();
  }
}

/** Runs examples, says which fail; true when any did. */
async function failExamples(policies: PolicySet['policies'], context: Context): Promise<boolean> {
  const { exampleMistakes } = await import('../../app/policies.ts');
  const mistakes = exampleMistakes(policies);
  for (const line of mistakes) context.stderr.write(`${line}\n`);
  if (mistakes.length > 0) context.code = exit.findings;
  return mistakes.length > 0;
}
