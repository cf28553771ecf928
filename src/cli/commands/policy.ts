import type { Command } from 'commander';
import { type Context, collectOption } from '../context.ts';

export function addPolicy(program: Command, context: Context): void {
  const policy = program.command('policy').description('the rules that findings are judged by');
  policy
    .command('check')
    .description('validate policy files; all mistakes at once, as file:line:column')
    .argument('<file...>')
    .addHelpText('after', '\nExample: snowfence policy check my-policy.yaml')
    .action(async (files: string[]) => {
      const { loadPolicies } = await import('../../app/policies.ts');
      const { policies } = await loadPolicies(files);
      const rules = policies
        .slice(0, files.length)
        .reduce(
          (sum, { policy: p }) => sum + (p.rules?.length ?? 0) + (p.severities?.length ?? 0) + (p.waivers?.length ?? 0),
          0,
        );
      context.stdout.write(
        `${files.length} policy ${files.length === 1 ? 'file is' : 'files are'} valid: ${rules} rules\n`,
      );
    });
  policy
    .command('list')
    .description('print the rules in force, in the order in which they are asked')
    .option('--policy <file>', 'own policy file, repeatable', collectOption, [])
    .action(async (flags: { policy: string[] }) => {
      const { loadPolicies } = await import('../../app/policies.ts');
      for (const { policy: p } of (await loadPolicies(flags.policy)).policies) {
        for (const rule of p.rules ?? [])
          context.stdout.write(`${rule.kind.padEnd(8)} ${rule.id.padEnd(36)} ${rule.reason}\n`);
        for (const weight of p.severities ?? [])
          context.stdout.write(`${weight.severity.padEnd(8)} ${weight.id.padEnd(36)} ${weight.reason}\n`);
        for (const waiver of p.waivers ?? [])
          context.stdout.write(
            `${'waiver'.padEnd(8)} ${waiver.id.padEnd(36)} ${waiver.reason} (until ${waiver.expires})\n`,
          );
      }
    });
}
