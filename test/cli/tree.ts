import { programOf } from '../../src/cli/main.ts';
import { type CommandShape, shapeOf } from '../../src/cli/shape.ts';

/** The tree of commands, of which nothing is run. */
export async function program() {
  const { stdout, stderr, env } = process;
  return programOf({ stdout, stderr, env, signal: AbortSignal.abort(), run: async () => 0, code: 0 });
}

/** Its shape. */
export async function commandTree(): Promise<CommandShape> {
  return shapeOf(await program());
}
