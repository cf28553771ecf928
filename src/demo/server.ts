import { spawn } from 'node:child_process';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel } from 'ssh2';
import { makeKey } from './keys.ts';
import { killGroup, type Processes } from './processes.ts';

/** The name that the one key logs in as. */
export const demoUser = 'demo';

/** An SSH server that shows one directory as if it were a whole machine. */
export interface DemoServer {
  port: number;
  /** `ssh-ed25519 AAAA...` */
  hostKey: string;
  stop(): Promise<void>;
}

/** The one command: what src/transport/ssh/command.ts makes for a whole live instance. */
const probe = /^exec \/bin\/sh -s -- '\/' live (\d{1,16})$/;

/**
 * Serves `root` on a free loopback port. Lets in one key and runs one command: the probe program, with the directory in
 * place of `/`. Shells, other commands, files and forwardings are refused.
 */
export async function serve(root: string, clientKey: string, processes: Processes): Promise<DemoServer> {
  const hostKey = makeKey();
  const allowed = parseKey(clientKey);
  const ssh = new ssh2.Server({ hostKeys: [hostKey.private] }, (connection) => welcome(connection));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });

  function welcome(connection: Connection): void {
    connection.on('error', () => {});
    connection.on('authentication', (context) => {
      if (isAllowed(context, allowed)) context.accept();
      else context.reject(['publickey']);
    });
    connection.on('session', (accept) => {
      accept().on('exec', (acceptExec, reject, { command }) => {
        const since = probe.exec(command)?.[1];
        if (since === undefined) reject();
        else runProbe(acceptExec(), root, since, processes);
      });
    });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: hostKey.public,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function parseKey(text: string): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

/** The right user with the right key: first asked whether the key would do, then with a signature that proves it. */
function isAllowed(context: AuthContext, allowed: ParsedKey): boolean {
  if (context.method !== 'publickey' || context.username !== demoUser) return false;
  const { key, blob, signature, hashAlgo } = context;
  if (key.algo !== allowed.type || !key.data.equals(allowed.getPublicSSH())) return false;
  if (signature === undefined) return true;
  return blob !== undefined && allowed.verify(blob, signature, hashAlgo) === true;
}

function runProbe(channel: ServerChannel, root: string, since: string, processes: Processes): void {
  const child = spawn('/bin/sh', ['-s', '--', root, 'live', since], { cwd: '/', detached: true, stdio: 'pipe' });
  processes.add(child);
  channel.on('error', () => {});
  // The program may end before it has read all of itself; what still comes has to go somewhere.
  child.stdin.on('error', () => channel.resume());
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  let over = false;
  const finish = (code: number | null, signal: NodeJS.Signals | null): void => {
    if (over) return;
    over = true;
    if (code === null) channel.exit(signal?.slice(3) ?? 'KILL');
    else channel.exit(code);
    channel.end();
  };
  child.on('error', () => finish(127, null));
  child.on('close', finish);
  channel.on('close', () => {
    over = true;
    killGroup(child);
  });
}
