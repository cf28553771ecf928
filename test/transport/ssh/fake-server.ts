import { spawn } from 'node:child_process';
import { type AddressInfo, connect, type Socket } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ServerChannel } from 'ssh2';
import { ed25519Key } from './keys.ts';

/** How a server of ours behaves. What is not said is ordinary. */
export interface Behaviour {
  authenticate?: (context: AuthContext, connection: Connection) => void;
  /** Gets the channel of an accepted exec request and the command. */
  exec?: (channel: ServerChannel, command: string, connection: Connection) => void;
  /** Exec requests are refused. */
  refuseExec?: boolean;
  /** Private host keys, best first; an ed25519 key of its own when not given. */
  hostKeys?: string[];
  /** Streams to other places (a jump host): refused unless said. */
  forwards?: boolean;
  greeting?: string;
  banner?: string;
}

/** An SSH server in this process. */
export interface FakeServer {
  port: number;
  /** `ssh-ed25519 AAAA...` */
  hostKey: string;
  /** TCP connections that were opened so far, and those open now. */
  connections(): { all: number; open: number };
  /** The server's ends of the connections that are open. */
  sockets: ReadonlySet<Socket>;
  stop(): Promise<void>;
}

const hostKey = ed25519Key();

/** Starts a server on a loopback port. Ordinary behaviour: lets everybody in and runs commands with `/bin/sh -c`. */
export async function startFake(behaviour: Behaviour = {}): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  let all = 0;
  const server = new ssh2.Server(
    {
      hostKeys: behaviour.hostKeys ?? [hostKey.private],
      ...(behaviour.greeting === undefined ? {} : { greeting: behaviour.greeting }),
      ...(behaviour.banner === undefined ? {} : { banner: behaviour.banner }),
    },
    (connection) => {
      connection.on('error', () => {});
      connection.on('authentication', (context) => {
        if (behaviour.authenticate) behaviour.authenticate(context, connection);
        else context.accept();
      });
      connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
        if (!behaviour.forwards) return reject();
        const socket = connect({ host: destIP, port: destPort });
        socket.once('error', () => reject());
        socket.once('connect', () => {
          const channel = accept();
          channel.on('error', () => {});
          channel.pipe(socket).pipe(channel);
          channel.once('close', () => socket.destroy());
        });
      });
      connection.on('session', (accept) => {
        accept().on('exec', (acceptExec, reject, { command }) => {
          if (behaviour.refuseExec) return reject();
          const channel = acceptExec();
          channel.on('error', () => {});
          if (behaviour.exec) behaviour.exec(channel, command, connection);
          else runShell(channel, command);
        });
      });
    },
  );
  server.on('error', () => {});
  // The server class hides its sockets; they must be shut when a test leaves one hanging.
  const inner = (server as unknown as { _srv: import('node:net').Server })._srv;
  inner.on('connection', (socket: Socket) => {
    all++;
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: hostKey.public,
    sockets,
    connections: () => ({ all, open: sockets.size }),
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function runShell(channel: ServerChannel, command: string): void {
  const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'pipe' });
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  };
  channel.pipe(child.stdin).on('error', () => {});
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on('close', (code, signal) => {
    if (code === null) channel.exit(signal?.slice(3) ?? 'KILL');
    else channel.exit(code);
    channel.end();
  });
  channel.on('close', kill);
}
