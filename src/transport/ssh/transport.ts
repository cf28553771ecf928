import { ReachError } from '../../core/errors.ts';
import type { Transport } from '../../core/ports.ts';
import { parseSshUri } from './address.ts';
import { login } from './auth.ts';
import { connect } from './connect.ts';
import { readKnownHost } from './host-key.ts';
import { findIdentities } from './identity.ts';
import { readSecret } from './secret.ts';
import { sshSession } from './session.ts';
import { resolveTarget } from './target.ts';

/** Between two keepalives at most and at least; in between a tenth of the idle limit. Milliseconds. */
const [longestKeepaliveMs, shortestKeepaliveMs] = [15_000, 1000];

/** A server reached with an SSH client of our own: `ssh://[user@]host[:port]`, resolved by the OpenSSH configuration. */
export const ssh: Transport = {
  scheme: 'ssh',
  scope: () => ({ root: '/', mode: 'live' }),
  async open(instance, limits, signal) {
    const deadline = performance.now() + limits.totalMs;
    const { reach } = instance;
    const target = await resolveTarget(parseSshUri(instance.uri), reach);
    const limitMs = Math.min(limits.connectMs, limits.totalMs, target.connectMs ?? Number.POSITIVE_INFINITY);
    const [known, password, passphrase] = await Promise.all([
      readKnownHost(target),
      reach.password === undefined ? undefined : readSecret(reach.password, 'password'),
      reach.passphrase === undefined ? undefined : readSecret(reach.passphrase, 'passphrase'),
    ]);
    const identities = await findIdentities(target, passphrase, limitMs);
    if (signal.aborted) throw new ReachError('interrupted', 'interrupted before it was called');
    const keepaliveMs = Math.min(longestKeepaliveMs, Math.max(shortestKeepaliveMs, limits.idleMs / 10));
    const story = login(target.user, identities, password);
    const connection = await connect({ target, known, login: story, limitMs, keepaliveMs, signal });
    return sshSession(connection, { sudo: reach.sudo === true, limits, deadline, signal });
  },
};
