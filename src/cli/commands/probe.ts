import type { Command } from 'commander';
import type { Context } from '../context.ts';

/** The program that runs on instances is no secret: it can be read and its digest pinned. */
export function addProbe(program: Command, context: Context): void {
  const probe = program.command('probe').description('the read-only program that runs on instances');
  const parts = async (doctor = false) => {
    const [{ probes }, { composeProgram, programSha256 }, { preflightProbes }] = await Promise.all([
      import('../../collect/registry.ts'),
      import('../../collect/program.ts'),
      import('../../collect/preflight.ts'),
    ]);
    const text = composeProgram(doctor ? preflightProbes() : Object.values(probes));
    return { probes, text, sha256: programSha256(text) };
  };
  probe
    .command('list')
    .description('what is asked')
    .action(async () => {
      const { probes } = await parts();
      for (const { name, about, asks } of Object.values(probes))
        context.stdout.write(`${name.padEnd(10)} ${about}${asks === 'live' ? ' (running instances only)' : ''}\n`);
    });
  probe
    .command('show')
    .description('print the program as it is sent')
    .option('--doctor', 'the one that doctor sends')
    .action(async (flags: { doctor?: boolean }) => void context.stdout.write((await parts(flags.doctor)).text));
  probe
    .command('sha256')
    .description('print its digest')
    .option('--doctor', 'of the one that doctor sends')
    .action(
      async (flags: { doctor?: boolean }) => void context.stdout.write(`${(await parts(flags.doctor)).sha256}\n`),
    );
}
