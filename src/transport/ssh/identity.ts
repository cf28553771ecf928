import ssh2, { type AnyAuthMethod, type ParsedKey } from 'ssh2';
import { messageOf } from '../../core/errors.ts';
import { saying } from '../text.ts';
import { type AgentKey, agentKeys } from './agent.ts';
import { beyond } from './auth.ts';
import { fingerprint } from './host-key.ts';
import { memoByFile } from './memo.ts';
import type { Target } from './target.ts';

/** A key that can be offered. */
export interface Identity {
  /** For a person: where it is and which it is. */
  label: string;
  offer(username: string): AnyAuthMethod;
}

/** Keys to offer, in order, and those that cannot be, with the reason. */
export interface Identities {
  keys: Identity[];
  unusable: string[];
}

interface KeyFile {
  /** A private key, or the public half of one that only the agent holds. */
  key?: ParsedKey;
  encrypted?: boolean;
  problem?: string;
  bytes: Buffer;
  /** The key opened with a passphrase: opening costs tenths of a second of CPU, so it is done once. */
  opened?: { passphrase: string; key: ParsedKey | undefined };
}

const keyFile = memoByFile((bytes): KeyFile => {
  const key = parse(bytes);
  if (!(key instanceof Error)) return { key, bytes };
  if (/no passphrase given/.test(key.message)) return { encrypted: true, bytes };
  if (/\bsk-/.test(key.message)) return { problem: `a FIDO key, ${beyond}`, bytes };
  return { problem: `not a key that can be used (${saying(key.message, 80)})`, bytes };
});

function parse(bytes: Buffer, passphrase?: string): ParsedKey | Error {
  const parsed: unknown = ssh2.utils.parseKey(bytes, passphrase);
  // Old versions of the format could hold several keys; nobody writes them.
  return (Array.isArray(parsed) ? parsed[0] : parsed) as ParsedKey | Error;
}

/**
 * Finds the keys of a target: named files, then the agent's, then the usual files (each key once). With IdentitiesOnly
 * the agent gives only keys whose file is named. A usual file that is absent is not worth a word; a named one is.
 */
export async function findIdentities(
  target: Target,
  passphrase: string | undefined,
  patienceMs: number,
): Promise<Identities> {
  const unusable: string[] = [];
  const listed = target.agent ? agentKeys(target.agent, patienceMs) : Promise.resolve([]);
  const held = await listed.catch((error: unknown): AgentKey[] => {
    unusable.push(`ssh-agent at ${target.agent}: ${messageOf(error)}`);
    return [];
  });
  const used = new Set<AgentKey>();
  const files: Identity[] = [];
  let named = false;
  for (const what of target.cannot) unusable.push(`${what}, ${beyond}`);
  for (const { path, required } of target.identityFiles) {
    named ||= required;
    const found = await fromFile(path, passphrase, held);
    if (await keyFile(`${path}-cert.pub`).catch(() => undefined))
      unusable.push(`${path}-cert.pub: a certificate, ${beyond}`);
    if ('problem' in found) {
      if (required || !found.absent) unusable.push(`${path}: ${found.problem}`);
    } else {
      if (found.agentKey) used.add(found.agentKey);
      files.push(found.identity);
    }
  }
  const rest = target.identitiesOnly ? [] : held.filter((key) => !used.has(key)).map(ofAgent);
  return { keys: named ? [...files, ...rest] : [...rest, ...files], unusable };
}

type Found = { identity: Identity; agentKey?: AgentKey | undefined } | { problem: string; absent?: boolean };

async function fromFile(path: string, passphrase: string | undefined, held: AgentKey[]): Promise<Found> {
  let file: KeyFile;
  try {
    file = await keyFile(path);
  } catch (error) {
    return { problem: messageOf(error), absent: error instanceof Error && 'code' in error && error.code === 'ENOENT' };
  }
  if (file.problem) return { problem: file.problem };
  const open = file.key?.isPrivateKey() ? file.key : file.encrypted ? opened(file, passphrase) : undefined;
  const half = open ?? file.key ?? (await publicHalf(path));
  const agentKey = half && held.find(({ key }) => key.getPublicSSH().equals(half.getPublicSSH()));
  if (open) {
    const label = `${path} (${describe(open)})`;
    return { identity: { label, offer: (username) => ({ type: 'publickey', username, key: open }) }, agentKey };
  }
  if (agentKey) return { identity: ofAgent(agentKey), agentKey };
  if (!file.encrypted) return { problem: 'a public key whose private half no agent holds' };
  if (passphrase !== undefined) return { problem: 'encrypted, and the passphrase does not open it' };
  return { problem: 'encrypted, and no passphrase is given (reach.passphrase: "env:NAME" or "file:PATH")' };
}

function opened(file: KeyFile, passphrase: string | undefined): ParsedKey | undefined {
  if (passphrase === undefined) return undefined;
  if (file.opened?.passphrase !== passphrase) {
    const key = parse(file.bytes, passphrase);
    file.opened = { passphrase, key: key instanceof Error ? undefined : key };
  }
  return file.opened.key;
}

async function publicHalf(path: string): Promise<ParsedKey | undefined> {
  return (await keyFile(`${path}.pub`).catch(() => undefined))?.key;
}

function ofAgent({ key, agent }: AgentKey): Identity {
  const label = `agent key ${saying(key.comment, 60)} (${describe(key)})`;
  return { label, offer: (username) => ({ type: 'agent', username, agent }) };
}

function describe(key: ParsedKey): string {
  return `${key.type} ${fingerprint(key.getPublicSSH())}`;
}
