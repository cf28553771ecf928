import { plain } from '../../core/address.ts';
import { messageOf } from '../../core/errors.ts';
import { DeliveryError, type Notification } from '../../core/notify.ts';
import { readSecret } from '../../transport/secret.ts';
import { type Notifying, settingsFor } from './setup.ts';

/** How one attempt at a delivery ended. */
export type Attempt =
  | { state: 'sent'; says?: string }
  | { state: 'failed'; says: string; transient: boolean; retryAfterMs: number; delivered: number };

/** What an attempt gets from outside. */
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  version: string;
}

/** Time of one delivery, milliseconds. */
export function timeLimit(notifying: Notifying, name: string): number {
  const seconds = settingsFor(notifying, name)?.settings['timeoutSeconds'];
  return (typeof seconds === 'number' ? seconds : 10) * 1000;
}

/** Tries to deliver one message; never throws. No secret is in what it says. */
export async function attempt(
  notifying: Notifying,
  name: string,
  message: Notification,
  delivered: number,
  around: Surroundings,
): Promise<Attempt> {
  const secrets: string[] = [];
  const failed = (says: string, transient: boolean, retryAfterMs = 0, part = delivered): Attempt => ({
    ...{ state: 'failed', says: without(says, secrets), transient, retryAfterMs, delivered: part },
  });
  const found = settingsFor(notifying, name);
  if (!found) return failed('the fleet file has no sink of this name any more', false);
  const signal = AbortSignal.any([around.signal, AbortSignal.timeout(timeLimit(notifying, name))]);
  const secret = async (reference: string) => {
    const value = await readSecret(reference, 'secret of the sink');
    secrets.push(value);
    return value;
  };
  try {
    const says = await found.sink.send(message, found.settings, { ...around, signal, secret, delivered });
    return { state: 'sent', ...(says === undefined ? {} : { says }) };
  } catch (error) {
    if (error instanceof DeliveryError)
      return failed(error.message, error.transient, error.retryAfterMs, Math.max(delivered, error.delivered));
    // A reference that leads nowhere may be mended before the message is given up.
    return failed(messageOf(error), true);
  }
}

/** Fewest characters of a secret that are hidden where it is cut off. */
const fewest = 4;

/** Whoever answers may repeat what it was sent: all of it, its path, one of its words, or as much as was kept of the answer. */
function without(text: string, secrets: string[]): string {
  const parts = [...new Set(secrets.flatMap(partsOf))].sort((a, b) => b.length - a.length);
  const said = parts.reduce((rest, part) => rest.replaceAll(part, '<not shown>'), text);
  for (const part of parts)
    for (let length = part.length - 1; length >= fewest; length--)
      if (said.endsWith(part.slice(0, length))) return `${said.slice(0, -length)}<not shown>`;
  return said;
}

function partsOf(secret: string): string[] {
  const { pathname = '', search = '' } = URL.canParse(secret) ? new URL(secret) : {};
  const words = secret.split(/[^\x21-\x7e]+/).filter((word) => word.length >= 2 * fewest);
  return [secret, plain(secret, secret.length), pathname + search, pathname, ...words].filter(
    (part) => part.length >= fewest,
  );
}
