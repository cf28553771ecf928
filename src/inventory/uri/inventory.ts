import { UserError } from '../../core/errors.ts';
import type { Instance, Reach } from '../../core/ports.ts';

/** Instance URIs of the command line to instances. A bare word is a host name or an alias of the OpenSSH configuration. */
export function instancesOf(arguments_: string[], reach: Reach): Instance[] {
  return arguments_.map((argument) => instanceOf(argument, reach));
}

/** One URI. @throws UserError for a scheme that is none of ours. */
export function instanceOf(argument: string, reach: Reach): Instance {
  const uri = uriOf(argument);
  return { id: uri, uri, name: uri.replace(/^ssh:\/\//, ''), group: '', labels: {}, reach };
}

/** `web-1` -> `ssh://web-1`; URIs stay as they are. */
export function uriOf(text: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(text)?.[1];
  if (/^(ssh:\/\/|local:$|rootfs:)/.test(text)) return text;
  if (scheme && (text.startsWith(`${scheme}://`) || text === `${scheme}:`)) {
    throw new UserError(
      `"${text}": unknown kind of instance "${scheme}"`,
      'write ssh://[user@]host[:port], local: or rootfs:/dir',
    );
  }
  if (/[\s/?#]/.test(text) || text === '')
    throw new UserError(`"${text}" is no instance`, 'write ssh://[user@]host[:port], local: or rootfs:/dir');
  return `ssh://${text}`;
}
