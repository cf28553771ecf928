import { userInfo } from 'node:os';
import { ReachError } from '../../core/errors.ts';
import type { SshAddress } from './address.ts';
import { type ConfigFile, type ConfigLine, includedFiles, readConfig } from './config-file.ts';
import { matchesList } from './pattern.ts';

/** Settings of one host by keyword in lower case, as `ssh -G` prints them: first obtained wins, tokens not expanded. */
export type Settings = Map<string, string[]>;

/** As deep as OpenSSH follows an `Include`. */
const maxDepth = 16;

interface Walk {
  /** What `Host` patterns are compared with. */
  host: string;
  original: string;
  settings: Settings;
  final: boolean;
  wantsFinal: boolean;
}

/**
 * Resolves a host or alias by OpenSSH configuration files: Host, Match (all, host, originalhost, user, localuser, final,
 * canonical), Include. User and port of the address come first. `hostname` is always there.
 * @throws ReachError `unsupported` for an unreadable file, or a Match that would have to be run or asked elsewhere.
 */
export async function resolveSettings(address: SshAddress, files: readonly ConfigFile[]): Promise<Settings> {
  const settings: Settings = new Map();
  if (address.user !== undefined) settings.set('user', [address.user]);
  if (address.port !== undefined) settings.set('port', [String(address.port)]);
  const walk: Walk = { host: address.host, original: address.host, settings, final: false, wantsFinal: false };
  const pass = async (): Promise<void> => {
    for (const file of files) await follow(await readConfig(file), file, walk, 0);
  };
  await pass();
  if (walk.wantsFinal) {
    walk.host = hostnameOf(walk).toLowerCase();
    settings.set('hostname', [walk.host]);
    walk.final = true;
    await pass();
  }
  settings.set('hostname', [hostnameOf(walk)]);
  return settings;
}

async function follow(lines: ConfigLine[], file: ConfigFile, walk: Walk, depth: number): Promise<void> {
  for (const { keyword, args, raw, below } of lines) {
    if (keyword === 'host') {
      if (matchesList(walk.host, args)) await follow(below ?? [], file, walk, depth);
    } else if (keyword === 'match') {
      if (holds(args, walk, file)) await follow(below ?? [], file, walk, depth);
    } else if (keyword === 'include') {
      if (depth >= maxDepth) throw new ReachError('unsupported', `too many nested Includes in ${file.path}`);
      const paths = (await Promise.all(args.map((argument) => includedFiles(argument, file.base)))).flat();
      for (const path of paths) {
        await follow(await readConfig({ path, required: false }), { ...file, path }, walk, depth + 1);
      }
    } else keep(walk.settings, keyword, keyword === 'proxycommand' ? [raw] : args);
  }
}

function keep(settings: Settings, keyword: string, args: string[]): void {
  // One road only: whichever of the two is said first counts, and "none" is a word like any other.
  const key = keyword === 'proxyjump' || keyword === 'proxycommand' ? 'proxy' : keyword;
  if (key === 'proxy' && !settings.has(key)) settings.set(key, [keyword, ...args]);
  else if (key === 'identityfile') {
    const [first = ''] = args;
    const all = settings.get(key);
    if (!all) settings.set(key, [first]);
    else if (!all.includes(first)) all.push(first);
  } else if (!settings.has(key)) settings.set(key, args);
}

function holds(args: string[], walk: Walk, file: ConfigFile): boolean {
  let result = true;
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? '';
    const negated = word.startsWith('!');
    const criterion = word.slice(negated ? 1 : 0).toLowerCase();
    let value: boolean;
    if (criterion === 'all') value = true;
    else if (criterion === 'final' || criterion === 'canonical') {
      walk.wantsFinal ||= criterion === 'final';
      value = walk.final;
    } else {
      const subject = subjects[criterion]?.(walk);
      const argument = args[++i] ?? '';
      if (subject === undefined) {
        // A block that may hold a jump host or another key must not be passed over in silence.
        if (!result) return false;
        const message = `"Match ${criterion}" in ${file.path} cannot be decided by the built-in ssh client`;
        throw new ReachError(
          'unsupported',
          message,
          "use the system's client, reach.sshClient: openssh (--ssh-client openssh), or name another file with reach.sshConfig",
        );
      }
      const lower = criterion.endsWith('host');
      value = matchesList(
        lower ? subject.toLowerCase() : subject,
        (lower ? argument.toLowerCase() : argument).split(','),
      );
    }
    result &&= value !== negated;
  }
  return result;
}

const subjects: Record<string, (walk: Walk) => string> = {
  host: hostnameOf,
  originalhost: ({ original }) => original,
  user: ({ settings }) => settings.get('user')?.[0] ?? localUser(),
  localuser: localUser,
};

function hostnameOf({ settings, original }: Walk): string {
  const named = settings.get('hostname')?.[0];
  return named === undefined ? original : named.replace(/%[h%]/g, (token) => (token === '%h' ? original : '%'));
}

/** Name of the user who runs the scanner. */
export function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's numeric user may have no name.
    return process.env['USER'] ?? process.env['LOGNAME'] ?? '';
  }
}
