import type { ClientChannel } from 'ssh2';
import { messageOf, ReachError } from '../../core/errors.ts';
import { hostPort, saying, seconds } from '../text.ts';
import { type Connection, inPassing, settled } from './connect.ts';
import type { Target } from './target.ts';
import { Wire } from './wire.ts';

/** Streams on one connection to a jump host: past that another one is opened, so that one slow pipe does not hold all. */
const streamsAtMost = 50;
/** How long a connection that nobody uses is kept for the next one. Milliseconds. */
const lingerMs = 1000;
/** How long a refused login is remembered: a hundred hosts behind a bastion must not be a hundred wrong logins. Milliseconds. */
const grudgeMs = 30_000;

/** A connection to a jump host that many instances share. */
interface Shared {
  opening: Promise<Connection>;
  users: number;
  gone: boolean;
  linger?: NodeJS.Timeout;
}

const all = new Map<string, Shared[]>();

/** What a caller waits for at most. */
export interface Waiting {
  limitMs: number;
  signal: AbortSignal;
}

/**
 * A byte stream to `to` through a jump host, over a connection that is shared. `login` opens one where there is none.
 * @throws ReachError naming the jump host.
 */
export async function dialThrough(
  jump: Target,
  to: Target,
  login: () => Promise<Connection>,
  waiting: Waiting,
): Promise<Wire> {
  const name = `${jump.user}@${hostPort(jump.host, jump.port)}`;
  const address = hostPort(to.host, to.port);
  const started = performance.now();
  const late = () =>
    new ReachError('timeout', `the jump host ${name} did not reach ${address} within ${seconds(waiting.limitMs)}`);
  const { shared, key } = share(jump, login);
  try {
    const { client } = await settled<Connection>(waiting.signal, waiting.limitMs, (resolve, reject) => {
      shared.opening.then(resolve, (error: unknown) => reject(atHop(error, name, address)));
      return late;
    });
    const left = waiting.limitMs - (performance.now() - started);
    const channel = await settled<ClientChannel>(waiting.signal, left, (resolve, reject) => {
      let waits = true;
      client.once('close', () => reject(inPassing(new ReachError('unreachable', `the jump host ${name} hung up`))));
      try {
        client.forwardOut('127.0.0.1', 0, to.host, to.port, (error, opened) => {
          if (error) reject(notForwarded(error, name, address));
          else if (waits) resolve(opened);
          else opened.destroy();
        });
      } catch (error) {
        reject(inPassing(new ReachError('unreachable', `the jump host ${name} hung up: ${messageOf(error)}`)));
      }
      return () => {
        waits = false;
        return late();
      };
    });
    const wire = new Wire(channel, channel, () => channel.destroy());
    wire.once('close', () => leave(key, shared));
    return wire;
  } catch (error) {
    leave(key, shared);
    throw error;
  }
}

function share(jump: Target, login: () => Promise<Connection>): { shared: Shared; key: string } {
  const key = JSON.stringify(jump);
  const list = all.get(key) ?? [];
  all.set(key, list);
  const free = list.find(({ users, gone }) => !gone && users < streamsAtMost);
  if (free) {
    clearTimeout(free.linger);
    free.users++;
    return { shared: free, key };
  }
  const shared: Shared = { opening: login(), users: 1, gone: false };
  list.push(shared);
  shared.opening.then(
    ({ client }) => {
      // A stream each, and each listens for the end.
      client.setMaxListeners(0);
      client.on('error', () => {});
      client.once('close', () => forget(key, shared));
    },
    (error: unknown) => {
      const reason = error instanceof ReachError ? error.reason : '';
      if (reason === 'auth' || reason === 'host-key') setTimeout(() => forget(key, shared), grudgeMs).unref();
      else forget(key, shared);
    },
  );
  return { shared, key };
}

function leave(key: string, shared: Shared): void {
  shared.users--;
  if (shared.users > 0 || shared.gone) return;
  shared.linger = setTimeout(() => {
    shared.opening.then(
      ({ client, socket }) => {
        forget(key, shared);
        client.end();
        setTimeout(() => socket.destroy(), lingerMs).unref();
      },
      () => {},
    );
  }, lingerMs);
}

function forget(key: string, shared: Shared): void {
  shared.gone = true;
  const rest = (all.get(key) ?? []).filter((one) => one !== shared);
  if (rest.length > 0) all.set(key, rest);
  else all.delete(key);
}

function atHop(error: unknown, name: string, address: string): ReachError {
  const { reason, hint } = error instanceof ReachError ? error : { reason: 'unreachable' as const, hint: '' };
  const message = `the road to ${address} ends at the jump host ${name}: ${messageOf(error)}`;
  return new ReachError(reason, message, hint, { cause: error });
}

function notForwarded(error: Error, name: string, address: string): ReachError {
  const said = saying(error.message.replace(/^\(SSH\) Channel open failure: /, ''));
  // RFC 4254: 1 = administratively prohibited, 2 = connect failed. OpenSSH's words for the first tell nothing.
  const forbidden = 'reason' in error && error.reason === 1;
  const hint = forbidden
    ? 'does its sshd allow it (AllowTcpForwarding, PermitOpen, the account)?'
    : 'is the instance running, and does its firewall let the jump host in?';
  const refused = new ReachError('unreachable', `the jump host ${name} cannot connect to ${address}: ${said}`, hint);
  return /refused|timed out/i.test(said) ? inPassing(refused) : refused;
}
