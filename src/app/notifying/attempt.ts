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

/** Whoever answers may repeat what it was sent. */
function without(text: string, secrets: string[]): string {
  return secrets.reduce((said, secret) => (secret.length < 4 ? said : said.replaceAll(secret, '<not shown>')), text);
}
