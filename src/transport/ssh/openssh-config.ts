import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf, ReachError } from '../../core/errors.ts';
import type { Reach } from '../../core/ports.ts';
import { keepaliveCount } from './keepalive.ts';
import { ownPins } from './target.ts';

/** What the system's ssh is told in a file of its own, which holds for jump hosts too. Milliseconds. */
export interface ClientLimits {
  connectMs: number;
  keepaliveMs: number;
}

/**
 * The configuration for the system's ssh: what a scan insists on comes first and so outranks the person's own files,
 * which are included after it. @throws ReachError `unsupported` for a file name that ssh_config cannot hold.
 */
export async function clientConfig(reach: Reach, { connectMs, keepaliveMs }: ClientLimits): Promise<string> {
  const accept = reach.hostKeyPolicy === 'accept-new';
  const own = accept ? [ownPins(), '~/.ssh/known_hosts', '~/.ssh/known_hosts2'] : undefined;
  const known = reach.knownHosts?.map(withHome) ?? own;
  const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
  const named = reach.sshConfig === undefined ? undefined : await included(withHome(reach.sshConfig));
  return [
    'Host *',
    'IgnoreUnknown SessionType,StdinNull,ForkAfterAuthentication',
    'BatchMode yes',
    `StrictHostKeyChecking ${accept ? 'accept-new' : 'yes'}`,
    'UpdateHostKeys no',
    'AddKeysToAgent no',
    'ClearAllForwardings yes',
    'ForwardAgent no',
    'ForwardX11 no',
    'Tunnel no',
    'RequestTTY no',
    'RemoteCommand none',
    'ForkAfterAuthentication no',
    'StdinNull no',
    'EscapeChar none',
    'ConnectionAttempts 1',
    `ConnectTimeout ${seconds(connectMs)}`,
    `ServerAliveInterval ${keepaliveMs / 1000}`,
    `ServerAliveCountMax ${keepaliveCount}`,
    ...(known ? [`UserKnownHostsFile ${known.map(quoted).join(' ')}`] : []),
    ...(reach.knownHosts ? ['GlobalKnownHostsFile /dev/null'] : []),
    ...(reach.identityFiles ?? []).map((file) => `IdentityFile ${quoted(withHome(file))}`),
    ...(reach.identityFiles ? ['IdentitiesOnly yes'] : []),
    named ?? 'Include ~/.ssh/config\nInclude /etc/ssh/ssh_config',
    '',
  ].join('\n');
}

/** A file that a person named, in our own. ssh checks the permissions of included files, but not of one it is given. */
async function included(file: string): Promise<string> {
  if (file === 'none') return '';
  try {
    const { mode, uid } = await stat(file);
    const strict = (mode & 0o022) === 0 && (uid === 0 || uid === process.getuid?.());
    return strict ? `Include ${quoted(file)}` : await readFile(file, 'utf8');
  } catch (error) {
    const message = `cannot read the OpenSSH configuration ${file}: ${messageOf(error)}`;
    throw new ReachError('unsupported', message, 'name another file with reach.sshConfig', { cause: error });
  }
}

/** A file name as one word of ssh_config; `%` would begin a token. */
function quoted(file: string): string {
  if (/["\p{Cc}\\]/u.test(file)) {
    throw new ReachError(
      'unsupported',
      `the file name ${JSON.stringify(file)} cannot be told to OpenSSH's ssh`,
      'rename it',
    );
  }
  return `"${file.replaceAll('%', '%%')}"`;
}

function withHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}
