import { programOf } from '../../src/cli/main.ts';
import { type CommandShape, shapeOf } from '../../src/cli/shape.ts';

/** The tree of commands, of which nothing is run. */
export function program() {
  const { stdout, stderr, env } = process;
  return programOf({ stdout, stderr, env, signal: AbortSignal.abort(), run: async () => 0, code: 0 });
}

/** Its shape. */
export function commandTree(): CommandShape {
  return shapeOf(program());
}
