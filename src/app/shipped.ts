import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Policy } from '../schema/policy.ts';
import { home } from './places.ts';

/** What bin/build.mjs made of a file of rules when the tool was built. */
interface Parsed {
  /** Hex, of the file that was parsed. */
  sha256: string;
  policy: Policy;
}

/**
 * The policies that come with the tool, in the order of their names: as the build parsed them, or from the files themselves where those
 * were edited since, or nothing was built. The tests have validated them, and a schema costs 100 ms to compile. `tool` is where it is
 * installed. @throws UserError
 */
export async function shippedPolicies(tool = home): Promise<{ path: string; policy: Policy }[]> {
  const directory = join(tool, 'rules');
  const parsed = readParsed(join(tool, 'dist', 'rules.json'));
  const policies: { path: string; policy: Policy }[] = [];
  for (const file of readdirSync(directory).sort()) {
    if (!/\.ya?ml$/.test(file)) continue;
    const path = join(directory, file);
    const known = parsed?.[file];
    const same = known && known.sha256 === createHash('sha256').update(readFileSync(path)).digest('hex');
    policies.push({ path, policy: same ? known.policy : await read(path) });
  }
  return policies;
}

function readParsed(file: string): Partial<Record<string, Parsed>> | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<string, Parsed>> | null;
  } catch {
    return null;
  }
}

async function read(path: string): Promise<Policy> {
  const { loadDocument } = await import('../config/document.ts');
  return loadDocument<Policy>(path, 'policy', () => []);
}
