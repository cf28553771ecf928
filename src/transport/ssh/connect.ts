import { connect as tcpConnect } from 'node:net';
import type { Duplex } from 'node:stream';
import { NodeSSH } from 'node-ssh';
import type { Client } from 'ssh2';
import { messageOf, ReachError } from '../../core/errors.ts';
import { hostPort, saying, seconds } from '../text.ts';
import { algorithmsFor } from './algorithms.ts';
import type { Login } from './auth.ts';
import type { KnownHost } from './host-key.ts';
import { keepaliveCount } from './keepalive.ts';
import { holdKeys, inOnePiece } from './lighter.ts';
import type { Target } from './target.ts';
import { beforeLogin, Toll } from './toll.ts';

/** A connection that has been let in. */
export interface Connection {
  client: Client;
  socket: Duplex;
  /** Type and fingerprint of the host key, and where it is known from. */
  hostKey: string;
  /** What opened the door. */
  method: string;
  /** Counts what the server sends; who runs a program listens to `onOver`. */
  toll: Toll;
}

/** How to connect. */
export interface Connecting {
  target: Target;
  known: KnownHost;
  login: Login;
  /** Opens the byte stream to the server within so many milliseconds. */
  dial: (limitMs: number) => Promise<Duplex>;
  /** For the name, the connection, the handshake and the login together. Milliseconds. */
  limitMs: number;
  /** Between two signs of life asked of the server; four unanswered ones end the connection. 0 = none. Milliseconds. */
  keepaliveMs: number;
  signal: AbortSignal;
}

const passing = new WeakSet<Error>();

/** Whether trying again may help: nobody was told anything yet, and the server did not say no. */
export function isPassing(error: unknown): boolean {
  return error instanceof Error && passing.has(error);
}

/** Marks an error as one that may pass. */
export function inPassing<E extends Error>(error: E): E {
  passing.add(error);
  return error;
}

/** Connects, verifies the host key and logs in. @throws ReachError with the reason; nothing is left open then. */
export async function connect(options: Connecting): Promise<Connection> {
  const { target, limitMs } = options;
  const address = hostPort(target.host, target.port);
  const started = performance.now();
  const socket = await options.dial(limitMs);
  try {
    const left = limitMs - (performance.now() - started);
    return await handshake(socket, address, { ...options, limitMs: left }, limitMs);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** A TCP connection. @throws ReachError `unreachable` or `interrupted`. */
export async function dialTcp(host: string, port: number, limitMs: number, signal: AbortSignal): Promise<Duplex> {
  const address = hostPort(host, port);
  const socket = tcpConnect({ host, port });
  socket.setNoDelay(true);
  // Stays for good: an error after everybody has gone home must find somebody in.
  socket.on('error', () => {});
  try {
    await settled<void>(signal, limitMs, (resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', (error) => reject(unreachable(address, error)));
      return () => new ReachError('unreachable', `${address} did not answer within ${seconds(limitMs)}`, noAnswer);
    });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const noAnswer = 'is the instance running, and does its firewall let this machine in?';

async function handshake(socket: Duplex, address: string, options: Connecting, wholeMs: number): Promise<Connection> {
  const { target, known, login, limitMs, keepaliveMs, signal } = options;
  const ssh = new NodeSSH();
  let refusal: ReachError | undefined;
  let [greeted, verified] = [false, false];
  let banner = '';
  let shown: Buffer | undefined;
  let pinned: Promise<void> | undefined;
  const failure = (error: unknown): ReachError => {
    if (refusal) return refusal;
    const said = messageOf(error);
    const own = error instanceof Error && 'level' in error && error.level === 'client-authentication';
    if (verified) return login.failure(address, own ? banner : said);
    const what = greeted ? `the SSH handshake with ${address} failed` : `${address} is not an SSH server that answers`;
    const broken = new ReachError(
      'unreachable',
      `${what}: ${saying(said)}`,
      'try: ssh -v; a busy server drops callers (MaxStartups)',
    );
    // Hung up on before a word of SSH: a busy server, or one that is just starting.
    return /closed|lost before handshake|ECONNRESET|EPIPE|Exceeded MaxStartups/.test(said) ? inPassing(broken) : broken;
  };

  return settled<Connection>(signal, limitMs, (resolve, reject) => {
    const opening = ssh.connect({
      sock: socket,
      host: target.host,
      username: target.user,
      algorithms: algorithmsFor(known.types),
      authHandler: (left, partial, next) => {
        // The signature is verified by now. A key that is new is written down before anything is told to its owner.
        pinned ??= shown ? known.pin(shown) : Promise.resolve();
        pinned.then(
          () => login.handler(left, partial, next),
          (error: unknown) => reject(error as ReachError),
        );
      },
      // Our own clock covers name, connection, handshake and login.
      readyTimeout: 0,
      keepaliveInterval: keepaliveMs,
      keepaliveCountMax: keepaliveCount,
      hostVerifier: (key: Buffer): boolean => {
        refusal = known.refusal(key);
        shown = key;
        return refusal === undefined;
      },
    });
    const client = ssh.connection;
    const toll = new Toll(socket);
    toll.onOver = () => reject(tooMuch(address));
    inOnePiece(socket);
    // node-ssh gives up at the first error, even at one (of the agent) after which ssh2 goes on to the next key.
    const fail = (error: unknown): void => {
      if (!(error instanceof Error && 'level' in error && error.level === 'agent')) reject(failure(error));
    };
    opening.catch(fail);
    client?.on('error', fail);
    client?.once('close', () => reject(failure(new Error('it closed the connection'))));
    client?.on('handshake', () => {
      verified = true;
      toll.exchanged();
      if (client) holdKeys(client);
    });
    socket.once('data', () => {
      greeted = true;
    });
    client?.on('banner', (text: string) => {
      banner ||= text;
    });
    client?.once('change password', () =>
      reject(login.failure(address, 'the password has expired and must be changed')),
    );
    client?.once('ready', () => {
      toll.enter();
      resolve({ client, socket, hostKey: shown ? known.describe(shown) : '', method: login.method(), toll });
    });
    return () => {
      const step = verified ? 'the login' : 'the SSH handshake';
      return new ReachError('timeout', `${address} did not finish ${step} within ${seconds(wholeMs)}`, noAnswer);
    };
  });
}

function tooMuch(address: string): ReachError {
  const what = `${address} sent more than ${beforeLogin / 1024} KiB before it let us in`;
  return new ReachError('limit', what, 'no server says so much to a caller: is it one of yours?');
}

/** A promise with a clock and an abort signal. `start` gets its two ends and gives the error for the clock. */
export function settled<T>(
  signal: AbortSignal,
  limitMs: number,
  start: (resolve: (value: T) => void, reject: (error: ReachError) => void) => () => ReachError,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const late = start(resolve, reject);
  const clock = setTimeout(() => reject(late()), Math.max(0, limitMs));
  const interrupt = (): void => reject(new ReachError('interrupted', 'interrupted while connecting'));
  if (signal.aborted) interrupt();
  else signal.addEventListener('abort', interrupt, { once: true });
  return promise.finally(() => {
    clearTimeout(clock);
    signal.removeEventListener('abort', interrupt);
  });
}

function unreachable(address: string, error: Error): ReachError {
  // Several addresses of one name fail as one error without words of its own.
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  const code = 'code' in error ? String(error.code) : '';
  const said = [...new Set(errors.map((one) => one.message))].join('; ');
  const hints: Record<string, string> = {
    ECONNREFUSED: 'is sshd running there, and on this port?',
    ENOTFOUND: 'is the name right? An alias must be in the OpenSSH configuration',
    EAI_AGAIN: 'the name server does not answer',
  };
  const message = `cannot connect to ${address}: ${saying(said || code)}`;
  const refused = new ReachError('unreachable', message, hints[code] ?? noAnswer, { cause: error });
  return /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN)$/.test(code) ? inPassing(refused) : refused;
}
