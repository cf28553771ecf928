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

const kinds = 'write ssh://[user@]host[:port], ssm://i-0abc?region=NAME, docker://CONTAINER, local: or rootfs:/dir';

/** `web-1` -> `ssh://web-1`; URIs stay as they are. */
export function uriOf(text: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(text)?.[1];
  if (/^((ssh|docker|ssm):\/\/|local:$|rootfs:)/.test(text)) return text;
  if (scheme && (text.startsWith(`${scheme}://`) || text === `${scheme}:`)) {
    throw new UserError(`"${text}": unknown kind of instance "${scheme}"`, kinds);
  }
  if (/[\s/?#]/.test(text) || text === '') throw new UserError(`"${text}" is no instance`, kinds);
  return `ssh://${text}`;
}
