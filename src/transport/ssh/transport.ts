import { ReachError } from '../../core/errors.ts';
import type { Transport } from '../../core/ports.ts';
import { sudoOf } from '../sudo.ts';
import { parseSshUri } from './address.ts';
import { arrive, roadNames } from './arrive.ts';
import { keepaliveOf } from './keepalive.ts';
import { sshSession } from './session.ts';
import { resolveTarget } from './target.ts';

const usualRetries = 2;

/**
 * A server reached by SSH: `ssh://[user@]host[:port]`, resolved by the OpenSSH configuration. By a client of our own, or
 * where `reach.sshClient` says so by the system's.
 */
export const ssh: Transport = {
  scheme: 'ssh',
  scope: () => ({ root: '/', mode: 'live' }),
  async open(instance, limits, signal) {
    const deadline = performance.now() + limits.totalMs;
    const { reach } = instance;
    const address = parseSshUri(instance.uri);
    if (reach.sshClient === 'openssh') {
      const { opensshSession } = await import('./openssh.ts');
      return opensshSession(address, reach, limits, signal);
    }
    const [target, sudo] = await Promise.all([resolveTarget(address, reach), sudoOf(reach)]);
    if (signal.aborted) throw new ReachError('interrupted', 'interrupted before it was called');
    const connection = await arrive(target, reach, {
      limitMs: Math.min(limits.connectMs, limits.totalMs, target.connectMs ?? Number.POSITIVE_INFINITY),
      keepaliveMs: keepaliveOf(limits.idleMs),
      signal,
      retries: reach.retries ?? usualRetries,
    });
    const { hostKey, method, socket } = connection;
    const road = roadNames(target);
    // What the name stands for, where we called it ourselves.
    const ip = 'remoteAddress' in socket ? socket.remoteAddress : undefined;
    if (typeof ip === 'string' && ip !== target.host) road.push(`${road.pop()} (${ip})`);
    const arrival = { road, hostKey, login: method, client: 'builtin' };
    return sshSession(connection, { sudo, arrival, limits, deadline, signal });
  },
};
