import { setTimeout as sleep } from 'node:timers/promises';
import { ReachError } from '../../core/errors.ts';
import type { Reach } from '../../core/ports.ts';
import { readSecret } from '../secret.ts';
import { hostPort, saying } from '../text.ts';
import { login } from './auth.ts';
import { type Connection, connect, dialTcp, inPassing, isPassing, settled } from './connect.ts';
import { readKnownHost } from './host-key.ts';
import { findIdentities } from './identity.ts';
import { dialThrough } from './jumps.ts';
import { runProxy } from './proxy-command.ts';
import type { Target } from './target.ts';

/** First wait before a connection is tried again; it doubles, and half of it is chance. Milliseconds. */
const firstWaitMs = 250;

/** How long a ProxyCommand that has closed its output may take to end. Milliseconds. */
const lastWordsMs = 2000;

/** What the way in may cost. */
export interface Patience {
  /** For all hops and all attempts together. Milliseconds. */
  limitMs: number;
  keepaliveMs: number;
  signal: AbortSignal;
  /** How often again, after a failure in passing. */
  retries: number;
}

/** Runs an attempt again while it fails in passing and time is left. The last error says how often it was tried. */
export async function persevere<T>(attempt: (limitMs: number) => Promise<T>, patience: Patience): Promise<T> {
  const { limitMs, retries, signal } = patience;
  const deadline = performance.now() + limitMs;
  for (let tried = 1; ; tried++) {
    try {
      return await attempt(deadline - performance.now());
    } catch (error) {
      const waitMs = firstWaitMs * 2 ** (tried - 1) * (0.5 + Math.random() / 2);
      const last = tried > retries || performance.now() + waitMs >= deadline || signal.aborted;
      if (!isPassing(error) || !(error instanceof ReachError)) throw error;
      if (last) throw tried === 1 ? error : again(error, tried);
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }
}

function again(error: ReachError, times: number): ReachError {
  return new ReachError(error.reason, `${error.message} (tried ${times} times)`, error.hint, { cause: error });
}

/** Goes the whole road to a target and logs in there. Secrets are read here and kept no longer. @throws ReachError */
export async function arrive(target: Target, reach: Reach, patience: Patience): Promise<Connection> {
  const { keepaliveMs, signal } = patience;
  const [known, password, passphrase] = await Promise.all([
    readKnownHost(target),
    reach.password === undefined ? undefined : readSecret(reach.password, 'password'),
    reach.passphrase === undefined ? undefined : readSecret(reach.passphrase, 'passphrase'),
  ]);
  const identities = await findIdentities(target, passphrase, patience.limitMs);
  if (signal.aborted) throw new ReachError('interrupted', 'interrupted before it was called');
  return persevere((limitMs) => {
    const dial = (left: number) => dialTo(target, reach, { ...patience, limitMs: left });
    const story = login(target.user, identities, password);
    return connect({ target, known, login: story, dial, limitMs, keepaliveMs, signal });
  }, patience);
}

async function dialTo(target: Target, reach: Reach, patience: Patience) {
  const { road, host, port } = target;
  if (!road) return dialTcp(host, port, patience.limitMs, patience.signal);
  if ('command' in road) return dialProxy(road.command, target, patience);
  // The instance's password and keys are not for a host on the way; keepalive goes through it from end to end.
  const { password: _own, hostKeys: _keys, ...shared } = reach;
  return dialThrough(
    road.through,
    target,
    () => arrive(road.through, shared, { ...patience, keepaliveMs: 0 }),
    patience,
  );
}

async function dialProxy(command: string, { host, port }: Target, { limitMs, signal }: Patience) {
  const { stream, said, ended } = runProxy(command);
  const failed = (what: string): ReachError => {
    const words = said().trim();
    return new ReachError(
      'unreachable',
      `the ProxyCommand for ${hostPort(host, port)} ${what}${words ? `: ${saying(words)}` : ''}`,
      `it is: ${saying(command)}`,
    );
  };
  try {
    // Its first bytes, the server's greeting, are the sign that there is a road.
    await settled<void>(signal, limitMs, (resolve, reject) => {
      // Its last words come on another pipe than its end.
      const over = () => Promise.race([ended, sleep(lastWordsMs)]).then(() => reject(inPassing(failed('ended'))));
      stream.once('readable', () => (stream.readableLength > 0 ? resolve() : void over()));
      stream.once('close', () => void over());
      return () => failed('did not get through in time');
    });
    return stream;
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/** `user@host:port` of every hop, the target last. */
export function roadNames(target: Target): string[] {
  const { road, user, host, port } = target;
  const before = road && 'through' in road ? roadNames(road.through) : road ? ['ProxyCommand'] : [];
  return [...before, `${user}@${hostPort(host, port)}`];
}
