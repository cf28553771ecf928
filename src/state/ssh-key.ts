import { createHash } from 'node:crypto';

/** A public key as OpenSSH writes it in a line. */
export interface SshKey {
  options: string;
  type: string;
  /** Base64. */
  blob: string;
  comment: string;
}

const types =
  /^(ssh-(rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)(-cert-v0[01]@openssh\.com)?$/;

/** `[options] type blob [comment]`; options may hold blanks between quotes, so a key named inside of one is no key. */
export function readKeyLine(line: string): SshKey | undefined {
  const [first, rest] = word(line.trim());
  const [options, [type, tail]] = types.test(first) ? ['', [first, rest] as const] : [first, word(rest)];
  if (!types.test(type)) return undefined;
  const [, blob = '', comment = ''] = /^(AAAA[A-Za-z0-9+/]{8,}={0,2})(?:\s+(.*))?$/.exec(tail) ?? [];
  return blob === '' ? undefined : { options, type, blob, comment };
}

/** As `ssh-keygen -l` prints it. */
export function fingerprintOf(blob: string): string {
  return `SHA256:${createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '')}`;
}

/** The first word, where quotes hold together and `\"` is no end of them, and what follows. */
function word(text: string): readonly [string, string] {
  let quoted = false;
  let at = 0;
  for (; at < text.length; at++) {
    const c = text[at];
    if (c === '\\' && text[at + 1] === '"') at++;
    else if (c === '"') quoted = !quoted;
    else if (!quoted && (c === ' ' || c === '\t')) break;
  }
  return [text.slice(0, at), text.slice(at).trim()];
}
