import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Directory of the package: it holds `rules/` and `package.json`, whether this runs from src or from dist. */
export const home = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Version of this tool. */
export function version(): string {
  return (JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string }).version;
}

/** Where the tool remembers things: SNOWFENCE_STORE, else the XDG state directory. */
export function defaultStore(env: NodeJS.ProcessEnv = process.env): string {
  if (env['SNOWFENCE_STORE']) return env['SNOWFENCE_STORE'];
  return join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'snowfence', 'snowfence.db');
}
