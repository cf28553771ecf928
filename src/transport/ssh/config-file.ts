import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import SSHConfig from 'ssh-config';
import { messageOf, ReachError } from '../../core/errors.ts';
import { memoByFile } from './memo.ts';
import { matchesPattern } from './pattern.ts';

/** A line of an OpenSSH configuration file: a setting, or a `Host` or `Match` with the lines that stand below it. */
export interface ConfigLine {
  /** Lower case. */
  keyword: string;
  args: string[];
  /** The value as it is written, for what is handed to a shell. */
  raw: string;
  below?: ConfigLine[];
}

/** One configuration file and the directory that its relative `Include`s count from. */
export interface ConfigFile {
  path: string;
  base: string;
  /** A file that a person named must be there; the usual ones need not. */
  required: boolean;
}

/** The files that OpenSSH reads: the named one alone, or the user's and then the system's. `none` = no file. */
export function configFiles(named: string | undefined): ConfigFile[] {
  const base = join(homedir(), '.ssh');
  if (named === 'none') return [];
  if (named !== undefined) return [{ path: named.replace(/^~(?=\/)/, homedir()), base, required: true }];
  return [
    { path: join(base, 'config'), base, required: false },
    { path: '/etc/ssh/ssh_config', base: '/etc/ssh', required: false },
  ];
}

const parsed = memoByFile((bytes) => linesOf(SSHConfig.parse(bytes.toString('utf8'))));

/** Lines of one file; none when it is not there and need not be. @throws ReachError `unsupported` naming the file. */
export async function readConfig({ path, required }: Pick<ConfigFile, 'path' | 'required'>): Promise<ConfigLine[]> {
  try {
    return await parsed(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (!required && (code === 'ENOENT' || code === 'ENOTDIR')) return [];
    const message = `cannot read the OpenSSH configuration ${path}: ${messageOf(error)}`;
    throw new ReachError('unsupported', message, 'try: ssh -G -F FILE HOST', { cause: error });
  }
}

function linesOf(config: SSHConfig): ConfigLine[] {
  const lines: ConfigLine[] = [];
  for (const line of config) {
    if (line.type !== SSHConfig.DIRECTIVE || !('param' in line)) continue;
    const args = typeof line.value === 'string' ? [line.value] : line.value.map(({ val }) => val);
    const below = 'config' in line ? { below: linesOf(line.config) } : {};
    lines.push({ keyword: line.param.toLowerCase(), args, raw: rawValue(line.value), ...below });
  }
  return lines;
}

function rawValue(value: string | { val: string; separator: string; quoted?: boolean }[]): string {
  if (typeof value === 'string') return value;
  const words = value.map(({ val, separator, quoted }, i) => {
    const word = quoted ? `"${val.replaceAll('"', '\\"')}"` : val;
    return i === 0 ? word : `${separator}${word}`;
  });
  return words.join('');
}

/** Files that an `Include` argument names: `~`, wildcards and a relative path are resolved; sorted as the shell does. */
export async function includedFiles(argument: string, base: string): Promise<string[]> {
  const home = argument.replace(/^~(?=\/)/, homedir());
  const path = isAbsolute(home) ? home : join(base, home);
  let found = ['/'];
  for (const part of path.split('/').filter(Boolean)) {
    if (!/[*?]/.test(part)) found = found.map((directory) => join(directory, part));
    else {
      const lists = await Promise.all(found.map((directory) => namesMatching(directory, part)));
      found = lists.flat();
    }
  }
  return found;
}

async function namesMatching(directory: string, pattern: string): Promise<string[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const visible = names.filter((name) => !name.startsWith('.') || pattern.startsWith('.'));
  return visible
    .filter((name) => matchesPattern(name, pattern))
    .sort()
    .map((name) => join(directory, name));
}
