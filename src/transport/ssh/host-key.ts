import { createHash } from 'node:crypto';
import { messageOf, ReachError } from '../../core/errors.ts';
import { hostPort, saying } from '../text.ts';
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
import { pinKey } from './pins.ts';
import type { Target } from './target.ts';

/** What is known of one host's keys before it is called. */
export interface KnownHost {
  /** Key types that a good key may have. */
  types: Set<string>;
  /** Undefined for a good key, else the error that says what is wrong with it. */
  refusal(key: Buffer): ReachError | undefined;
  /** Writes a key down that is new and may be pinned; nothing for others. @throws ReachError when another was faster. */
  pin(key: Buffer): Promise<void>;
  /** Type, fingerprint, and where a good key is known from. */
  describe(key: Buffer): string;
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
  const given = target.hostKeys && givenKeys(target.hostKeys);
  const types = given?.map(({ type }) => type) ?? lines.flat().flatMap(({ marker, type }) => (marker ? [] : [type]));
  const isNew = (key: Buffer): boolean =>
    !given && target.pinFile !== undefined && unread.length === 0 && judge(lines, key).kind === 'unknown';
  return {
    types: new Set(types.filter(Boolean)),
    refusal(key) {
      const standing = judge(lines, key);
      if (given && standing.kind !== 'revoked')
        return given.some((one) => one.fits(key)) ? undefined : foreign(key, target, given);
      return isNew(key) ? undefined : explain(standing, key, target, unread);
    },
    async pin(key) {
      if (!isNew(key) || target.pinFile === undefined) return;
      const standing = await pinKey(target.pinFile, target.knownNames[0], key);
      const error = standing && explain(standing, key, target, unread);
      if (error) throw error;
    },
    describe(key) {
      const shown = `${typeOfKey(key)} ${fingerprint(key)}`;
      if (given) return `${shown}, given by the inventory`;
      const standing = judge(lines, key);
      if (standing.kind === 'unknown') return `${shown}, seen for the first time and written to ${target.pinFile}`;
      const [{ file, line }] = standing.by;
      return `${shown}, known from ${file}:${line}`;
    },
  };
}

/** A host key as the inventory gives it. */
interface GivenKey {
  /** Empty when a fingerprint stands there alone. */
  type: string;
  shown: string;
  fits(key: Buffer): boolean;
}

/** Reads `TYPE BASE64 [comment]` and `[TYPE] SHA256:...`. @throws ReachError `unsupported` for anything else. */
function givenKeys(texts: readonly string[]): GivenKey[] {
  return texts.map((text) => {
    const [, type = '', print = ''] =
      /^(?:([a-z0-9@.-]+)\s+)?(SHA256:[A-Za-z0-9+/]{43})(?:=?\s.*|=?)$/.exec(text.trim()) ?? [];
    if (print) return { type, shown: `${type} ${print}`.trim(), fits: (key) => fingerprint(key) === print };
    const [word = '', base64 = ''] = text.trim().split(/\s+/);
    const given = Buffer.from(base64, 'base64');
    if (typeOfKey(given) !== word || word === '') {
      const form = 'write a line as in a .pub file (ssh-ed25519 AAAA...), or its fingerprint (SHA256:...)';
      throw new ReachError('unsupported', `"${saying(text, 60)}" in hostKeys is no host key`, form);
    }
    return { type: word, shown: `${word} ${fingerprint(given)}`, fits: (key) => key.equals(given) };
  });
}

function foreign(key: Buffer, { host, port }: Target, given: GivenKey[]): ReachError {
  return new ReachError(
    'host-key',
    `the host key of ${hostPort(host, port)} is not one that the inventory gives: it shows ${typeOfKey(key)} ${fingerprint(key)}, hostKeys has ${given.map(({ shown }) => shown).join(', ')}`,
    'a replaced instance gets a new key, and so does somebody in the middle: take its key from a source you trust, and correct hostKeys',
  );
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

/** Type and fingerprint of the key on one line of a known-hosts file; undefined when there is none. */
export async function keyOnLine(path: string, line: number): Promise<string | undefined> {
  const known = await parsed(path).catch(() => undefined);
  if (!known) return undefined;
  const entries = [
    ...[...known.plain.values()].flat(),
    ...[...known.patterns, ...known.hashed].map(({ entry }) => entry),
  ];
  const entry = entries.find((one) => one.line === line);
  return entry && `${entry.type} ${fingerprint(entry.key)}`;
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
    return new ReachError(
      'host-key',
      message,
      `add it ${compare}: ${scan}${aliased(target)}; or give it in the inventory (hostKeys), or pin it at first use: --accept-new-host-keys`,
    );
  }
  const [first] = standing.by;
  const places = standing.by.map(({ file: path, line }) => `${path}:${line}`).join(', ');
  if (standing.kind === 'revoked') {
    const message = `the host key of ${address} is revoked: it shows ${shown}, which ${places} marks @revoked`;
    return new ReachError('host-key', message, 'do not connect; replace the instance, or its host key');
  }
  if (standing.kind === 'authority') {
    const message = `the host key of ${address} cannot be verified: ${places} trusts a certificate authority (@cert-authority), and the built-in ssh client (ssh2) cannot verify host certificates; its plain key is ${shown}`;
    const other = "use the system's client, which can: reach.sshClient: openssh (--ssh-client openssh)";
    return new ReachError('host-key', message, `${other}; or add the plain key ${compare}: ${scan}${aliased(target)}`);
  }
  const known = standing.by.map((line) => `${line.type} ${fingerprint(line.key)} (${line.file}:${line.line})`);
  return new ReachError(
    'host-key',
    `the host key of ${address} has changed: it shows ${shown}, known is ${known.join(', ')}`,
    `a replaced instance gets a new key, and so does somebody in the middle: ${compare.replace('after comparing', 'compare')}, then ssh-keygen -R '${knownNames[0]}' -f ${first.file} && ${scan}${aliased(target)} (docs/transports.md, "Rebuilt hosts")`,
  );
}

function aliased({ host, port, knownNames: [name] }: Target): string {
  const usual =
    name === host.toLowerCase() || name === hostPort(`[${host.toLowerCase()}]`, port) || name.startsWith('[');
  return usual ? '' : ` (and write the name "${name}" in place of "${host}": HostKeyAlias)`;
}
