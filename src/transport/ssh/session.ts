import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientChannel } from 'ssh2';
import { messageOf } from '../../core/errors.ts';
import type { Answer, Arrival, Limits, Session } from '../../core/ports.ts';
import { collectAnswer, type Stopped } from '../answer.ts';
import { bytesOf, feed } from '../feed.ts';
import { explainSudo, type Sudo, throughSudo } from '../sudo.ts';
import { saying } from '../text.ts';
import { remoteCommand } from './command.ts';
import type { Connection } from './connect.ts';
import { shutSoon } from './wire.ts';

/** How long a goodbye may take before the socket is shut. Milliseconds. */
const goodbyeMs = 1000;

/** What a session keeps to. */
export interface SessionOptions {
  sudo: Sudo | undefined;
  arrival: Arrival;
  limits: Limits;
  /** `performance.now()` at which the total limit runs out. */
  deadline: number;
  signal: AbortSignal;
}

/** Runs programs over a connection, one after the other. A limit that is struck ends the connection too. */
export function sshSession(connection: Connection, options: SessionOptions): Session {
  const { client, socket } = connection;
  // ssh2 may still have an error to tell after its end; unheard it would end the process.
  client.on('error', () => {});
  return {
    // Without `await`, so that the text of the program is not held while it runs: everybody would hold one of their own.
    async run(text, args, onBytes, input) {
      const program = bytesOf(text);
      const command = remoteCommand(args, options.sudo, program.length);
      return runRemote(connection, { ...options, program, command, onBytes, input }).then((answer) =>
        explainSudo(answer, options.sudo, options.arrival.road.at(-1) ?? ''),
      );
    },
    arrival: options.arrival,
    async close() {
      if (socket.destroyed) return;
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      client.end();
      const patience = new AbortController();
      await Promise.race([closed, sleep(goodbyeMs, undefined, { signal: patience.signal }).catch(() => {})]);
      patience.abort();
      socket.destroy();
    },
  };
}

interface Remote extends SessionOptions {
  program: Buffer;
  command: string;
  onBytes: Parameters<Session['run']>[2];
  input: Parameters<Session['run']>[3];
}

function runRemote({ client, socket, toll }: Connection, remote: Remote): Promise<Answer> {
  let channel: ClientChannel | undefined;
  let lost = false;
  const { limits, deadline, signal, onBytes } = remote;
  const collector = collectAnswer({ limits, deadline, signal, onBytes, stop });

  function stop(why: Stopped): void {
    // Else the program would work on, unheard, until it next writes (as it still does where sshd passes no signals on).
    if (channel) terminate(channel);
    if (why === 'flood') socket.destroy();
    const forced = setTimeout(() => socket.destroy(), goodbyeMs);
    socket.once('close', () => clearTimeout(forced));
    shutSoon(socket);
  }
  toll.onOver = () => collector.flood();
  const onLost = (): void => {
    lost = true;
    // After the channel has handed over what it still holds.
    setImmediate(() => collector.finish('cut', null));
  };
  const refused = (error: Error): void => {
    collector.stderr(Buffer.from(`the server did not run the program: ${saying(messageOf(error))}\n`));
    collector.finish('cut', null);
  };
  client.once('close', onLost);
  if (socket.destroyed) onLost();
  try {
    client.exec(remote.command, (error, opened) => {
      if (error) return refused(error);
      channel = opened;
      opened.on('error', () => {});
      let heard: (chunk: Buffer) => void = () => {};
      const door = throughSudo(remote.sudo, opened, collector, () => {
        heard = feed(opened, remote.program, remote.input);
      });
      opened.on('data', (chunk: Buffer) => {
        toll.heard(chunk.length);
        heard(chunk);
        collector.stdout(chunk);
      });
      opened.stderr.on('data', (chunk: Buffer) => {
        toll.heard(chunk.length);
        door.stderr(chunk);
      });
      // An exit status may come before the last bytes do: only a channel closed by the server has told everything.
      opened.on('close', (code?: number | null) => {
        door.flush();
        if (typeof code === 'number' && !lost) collector.finish('exit', code);
        else collector.finish('cut', null);
      });
    });
  } catch (error) {
    refused(error instanceof Error ? error : new Error(String(error)));
  }
  return collector.answer.finally(() => client.off('close', onLost));
}

/** What ssh2 keeps to itself. */
interface Insides {
  _client?: { _protocol?: { signal?(channel: number, name: string): void } };
  outgoing?: { id?: number };
}

/** Sends SIGTERM to the program's process group. ssh2's own `signal` does nothing once standard input is ended. */
function terminate(channel: ClientChannel): void {
  const { _client, outgoing } = channel as unknown as Insides;
  if (outgoing?.id === undefined) return;
  try {
    _client?._protocol?.signal?.(outgoing.id, 'TERM');
  } catch {
    // A courtesy: the connection ends anyway.
  }
}
