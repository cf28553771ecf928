import { createHash } from 'node:crypto';
import { messageOf, ReachError } from '../../core/errors.ts';
import {
  type KnownHosts,
  type KnownKey,
  linesFor,
  parseKnownHosts,
  type Standing,
  standingOf,
  typeOfKey,
} from './known-hosts.ts';
import { memoByFile } from './memo.ts';
import type { Target } from './target.ts';
import { hostPort } from './text.ts';

/** What is known of one host's keys before it is called. */
export interface KnownHost {
  /** Key types that a good key may have. */
  types: Set<string>;
  /** Undefined for a good key, else the error that says what is wrong with it. */
  refusal(key: Buffer): ReachError | undefined;
}

const parsed = memoByFile((bytes, path) => parseKnownHosts(bytes.toString('latin1'), path));

/** Reads the known-hosts files of a target. A file that cannot be read knows nobody, and the refusal will say so. */
export async function readKnownHost(target: Target): Promise<KnownHost> {
  const unread: string[] = [];
  const read = target.knownHosts.map(async ({ path, required }): Promise<KnownHosts[]> => {
    try {
      return [await parsed(path)];
    } catch (error) {
      const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (required || !absent) unread.push(messageOf(error));
      return [];
    }
  });
  const files = (await Promise.all(read)).flat();
  const lines = target.knownNames.map((name) => linesFor(files, name));
  return {
    types: new Set(lines.flat().flatMap(({ marker, type }) => (marker === '' ? [type] : []))),
    refusal: (key) => explain(judge(lines, key), key, target, unread),
  };
}

/** The first name decides; a lesser name (the host without its port) can only vouch for a key or revoke it. */
function judge([first = [], ...lesser]: KnownKey[][], key: Buffer): Standing {
  const standing = standingOf(first, key);
  const others = lesser.map((lines) => standingOf(lines, key));
  return (
    others.find(({ kind }) => kind === 'revoked') ??
    (standing.kind === 'unknown' || standing.kind === 'authority'
      ? others.find(({ kind }) => kind === 'known')
      : undefined) ??
    standing
  );
}

/** `SHA256:...`, as ssh-keygen prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

function explain(standing: Standing, key: Buffer, target: Target, unread: string[]): ReachError | undefined {
  if (standing.kind === 'known') return undefined;
  const { host, port, knownNames, knownHosts } = target;
  const address = hostPort(host, port);
  const shown = `${typeOfKey(key)} ${fingerprint(key)}`;
  const file = knownHosts[0]?.path ?? '~/.ssh/known_hosts';
  const scan = `ssh-keyscan -p ${port} ${host} >> ${file}`;
  const compare = 'after comparing the fingerprint with one from a source you trust (console output of the instance)';
  if (standing.kind === 'unknown') {
    const where = knownHosts.map(({ path }) => path).join(', ') || 'any file';
    const lost = unread.length > 0 ? ` (${unread.join('; ')})` : '';
    const message = `the host key of ${address} is unknown: it shows ${shown}, and ${knownNames[0]} is not in ${where}${lost}`;
    return new ReachError('host-key', message, `add it ${compare}: ${scan}${aliased(target)}`);
  }
  const [first] = standing.by;
  const places = standing.by.map(({ file: path, line }) => `${path}:${line}`).join(', ');
  if (standing.kind === 'revoked') {
    const message = `the host key of ${address} is revoked: it shows ${shown}, which ${places} marks @revoked`;
    return new ReachError('host-key', message, 'do not connect; replace the instance, or its host key');
  }
  if (standing.kind === 'authority') {
    const message = `the host key of ${address} cannot be verified: ${places} trusts a certificate authority (@cert-authority), and the built-in ssh client (ssh2) cannot verify host certificates; its plain key is ${shown}`;
    return new ReachError('host-key', message, `add the plain key ${compare}: ${scan}${aliased(target)}`);
  }
  const known = standing.by.map((line) => `${line.type} ${fingerprint(line.key)} (${line.file}:${line.line})`);
  return new ReachError(
    'host-key',
    `the host key of ${address} has changed: it shows ${shown}, known is ${known.join(', ')}`,
    `a replaced instance gets a new key, and so does somebody in the middle: ${compare.replace('after comparing', 'compare')}, then ssh-keygen -R '${knownNames[0]}' -f ${first.file} && ${scan}${aliased(target)}`,
  );
}

function aliased({ host, port, knownNames: [name] }: Target): string {
  const usual =
    name === host.toLowerCase() || name === hostPort(`[${host.toLowerCase()}]`, port) || name.startsWith('[');
  return usual ? '' : ` (and write the name "${name}" in place of "${host}": HostKeyAlias)`;
}
