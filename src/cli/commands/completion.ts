import { Argument, type Command } from 'commander';
import type { Context } from '../context.ts';

const after = `
Examples:
  source <(snowfence completion bash)                                  (in ~/.bashrc)
  source <(snowfence completion zsh)                                   (in ~/.zshrc, after compinit)
  snowfence completion fish >~/.config/fish/completions/snowfence.fish

It knows commands, options and their choices, files where files are wanted, and for --only the instances of --inventory.`;

/** Prints what a shell needs to complete this command line. */
export function addCompletion(program: Command, context: Context): void {
  program
    .command('completion')
    .description('print completion for a shell')
    .addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', after)
    .action(async (shell: string) => {
      const { shapeOf } = await import('../shape.ts');
      const print = {
        bash: async () => (await import('../completion/bash.ts')).bashCompletion,
        zsh: async () => (await import('../completion/zsh.ts')).zshCompletion,
        fish: async () => (await import('../completion/fish.ts')).fishCompletion,
      }[shell];
      if (print) context.stdout.write((await print())(shapeOf(program)));
    });
}
