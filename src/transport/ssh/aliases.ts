import { type ConfigFile, configFiles, includedFiles, readConfig } from './config-file.ts';
import { matchesPattern } from './pattern.ts';

/** Includes that are followed below one another; those of OpenSSH end there too. */
const maxDepth = 16;

/**
 * Names of the user's OpenSSH configuration (`Host` lines without a wildcard) that a pattern fits, sorted.
 * @throws ReachError for a file that cannot be read.
 */
export async function aliasesMatching(pattern: string, file?: string): Promise<string[]> {
  const found = new Set<string>();
  for (const one of configFiles(file)) await gather(one, found, 0);
  return [...found].filter((name) => matchesPattern(name.toLowerCase(), pattern.toLowerCase())).sort();
}

async function gather(file: ConfigFile, found: Set<string>, depth: number): Promise<void> {
  for (const { keyword, args } of await readConfig(file)) {
    if (keyword === 'host') for (const name of args) if (!/[*?!]/.test(name)) found.add(name);
    if (keyword !== 'include' || depth >= maxDepth) continue;
    for (const argument of args)
      for (const path of await includedFiles(argument, file.base))
        await gather({ ...file, path, required: false }, found, depth + 1);
  }
}
