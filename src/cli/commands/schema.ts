import { Argument, type Command } from 'commander';
import type { Context } from '../context.ts';

export function addSchema(program: Command, context: Context): void {
  program
    .command('schema')
    .description('print the JSON Schema of a document')
    .addArgument(
      new Argument('<document>', 'which').choices(['report', 'policy', 'policy-cases', 'config', 'manifest', 'plan']),
    )
    .addHelpText(
      'after',
      '\nExample: snowfence schema report > report.schema.json\n"config" is the schema of the fleet file.',
    )
    .action(async (document: string) => {
      const schemas: Record<string, () => Promise<object>> = {
        report: async () => (await import('../../schema/report.ts')).reportSchema,
        policy: async () => (await import('../../schema/policy.ts')).policySchema,
        'policy-cases': async () => (await import('../../schema/cases.ts')).casesSchema,
        config: async () => (await import('../../schema/fleet.ts')).fleetSchema,
        plan: async () => (await import('../../schema/plan.ts')).planSchema,
        manifest: async () => (await import('../../schema/manifest.ts')).manifestSchema,
      };
      context.stdout.write(`${JSON.stringify(await schemas[document]?.(), null, 2)}\n`);
    });
}
