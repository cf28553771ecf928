import { Argument, type Command } from 'commander';
import { provide } from '../../core/registry.ts';
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
      const { documents } = await import('../schemas.ts');
      context.stdout.write(`${JSON.stringify(await provide(documents, 'document', document), null, 2)}\n`);
    });
}
