import { ReachError } from '../../core/errors.ts';
import { saying } from '../text.ts';

/** What an `ssh:` URI says. What it leaves out is for the OpenSSH configuration to say. */
export interface SshAddress {
  /** Host name, address or alias as written, without the brackets of an IPv6 address. */
  host: string;
  user?: string;
  port?: number;
}

const shape =
  /^ssh:\/\/(?:([^@/?#\s]*)@)?(\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^-:/?#@[\]\s\p{C}][^:/?#@[\]\s\p{C}]*)(?::(\d{1,5}))?\/?$/u;

/** Reads `ssh://[user@]host[:port]`. @throws ReachError `unsupported`; the message never repeats a password. */
export function parseSshUri(uri: string): SshAddress {
  // Before anything else, so that no other error can show it.
  const secret = /^ssh:\/\/([^/?#:]*):(.*)@/su.exec(uri);
  if (secret) {
    throw new ReachError(
      'unsupported',
      `the URI of "${secret[1]}" holds a password`,
      'take it out of the URI and give a reference instead: reach.password: "env:NAME" or "file:PATH"',
    );
  }
  const [, user, written = '', port] = shape.exec(uri) ?? [];
  const number = port === undefined ? undefined : Number(port);
  if (written === '' || user === '' || number === 0 || (number ?? 0) > 65_535) throw malformed(uri);
  const host = written.startsWith('[') ? written.slice(1, -1).replace('%25', '%') : written;
  try {
    return {
      host,
      ...(user === undefined ? {} : { user: decodeURIComponent(user) }),
      ...(number === undefined ? {} : { port: number }),
    };
  } catch {
    throw malformed(uri);
  }
}

function malformed(uri: string): ReachError {
  const form = 'write ssh://[user@]host[:port], an IPv6 address in brackets, no path; @ in a user name is %40';
  return new ReachError('unsupported', `"${saying(uri)}" is not an ssh URI`, form);
}
