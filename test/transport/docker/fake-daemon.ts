import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { makeScratch } from '../ssh/scratch.ts';

/** A daemon of the Docker Engine API whose one container, `web`, is this machine. */
export interface FakeDaemon {
  /** As DOCKER_HOST has it. */
  host: string;
  /** `METHOD path` of each request. */
  requests: string[];
  stop(): Promise<void>;
}

/** What it does otherwise than a daemon should. */
export interface FakeOptions {
  /** Answers a request instead of the daemon; false = the daemon shall. `path` is without version. */
  answer?: (path: string, response: ServerResponse, request: IncomingMessage) => boolean;
  /** Speaks on an attached connection instead of a program. */
  attach?: (socket: Duplex) => void;
  /** Changes the description of the container. */
  inspect?: (said: Record<string, unknown>) => Record<string, unknown>;
  /** The container has no /bin/sh. */
  noShell?: true;
}

export const CONTAINER = 'c'.repeat(64);
export const IMAGE = `sha256:${'d'.repeat(64)}`;

interface Exec {
  command: string[];
  environment: string[];
  child?: ChildProcess;
  code?: number;
}

export async function startFakeDaemon(options: FakeOptions = {}): Promise<FakeDaemon> {
  const scratch = await makeScratch();
  const socketPath = join(scratch.path('.'), 'd.sock');
  const requests: string[] = [];
  const execs = new Map<string, Exec>();
  const sockets = new Set<Duplex>();

  const server = createServer(async (request, response) => {
    const path = pathOf(request);
    requests.push(`${request.method} ${path}`);
    const body = await bodyOf(request);
    if (options.answer?.(path, response, request)) return;
    if (path === '/_ping') {
      response.setHeader('Api-Version', '1.41').end('OK');
    } else if (path.startsWith('/containers/') && path.endsWith('/json')) {
      const known = /\/(web|c{64})\//.test(path);
      if (known) json(response, 200, (options.inspect ?? ((said) => said))(description()));
      else json(response, 404, { message: `No such container: ${path.split('/')[2]}` });
    } else if (path.includes('/archive?path=')) {
      response.writeHead(options.noShell && path.includes('/bin/sh') ? 404 : 200).end();
    } else if (path.endsWith('/exec')) {
      const { Cmd, Env } = body as { Cmd: string[]; Env: string[] };
      const id = String(execs.size + 1).padStart(64, 'e');
      execs.set(id, { command: Cmd, environment: Env });
      json(response, 201, { Id: id });
    } else if (path.startsWith('/exec/')) {
      const exec = execs.get(path.split('/')[2] ?? '') as Exec;
      if (path.endsWith('/start')) {
        start(exec);
        response.end();
      } else json(response, 200, { Running: exec.code === undefined, ExitCode: exec.code ?? null });
    } else json(response, 404, { message: 'page not found' });
  });

  function start(exec: Exec): ChildProcess {
    const env: Record<string, string> = { PATH: process.env['PATH'] ?? '' };
    for (const line of exec.environment) env[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1);
    const child = spawn(exec.command[0] ?? '', exec.command.slice(1), { stdio: 'pipe', cwd: '/', env });
    exec.child = child;
    child.stdin?.on('error', () => {});
    return child;
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = pathOf(request);
    requests.push(`${request.method} ${path}`);
    sockets.add(socket);
    socket.on('error', () => {});
    const exec = execs.get(path.split('/')[2] ?? '') as Exec;
    socket.write(
      'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
    );
    if (options.attach) {
      exec.code = 0;
      socket.resume();
      options.attach(socket);
      return;
    }
    const child = start(exec);
    // The request's own body comes first: Node hands over what follows the headers of an upgrade as it is.
    const length = Number(request.headers['content-length'] ?? 0);
    let skip = length;
    const take = (chunk: Buffer) => {
      const rest = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - rest.length;
      if (rest.length > 0) child.stdin?.write(rest);
    };
    take(head);
    socket.on('data', take);
    socket.on('end', () => child.stdin?.end());
    child.stdout?.on('data', (chunk: Buffer) => socket.write(frame(1, chunk)));
    child.stderr?.on('data', (chunk: Buffer) => socket.write(frame(2, chunk)));
    child.on('close', (code, signal) => {
      exec.code = code ?? (signal === 'SIGKILL' ? 137 : 143);
      socket.end();
    });
  });

  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    host: `unix://${socketPath}`,
    requests,
    async stop() {
      for (const { child } of execs.values()) child?.kill('SIGKILL');
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await scratch.remove();
    },
  };
}

/** A frame of the attached stream: kind, three zeros, length. */
export function frame(kind: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string);
  const header = Buffer.alloc(8);
  header[0] = kind;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function description(): Record<string, unknown> {
  return {
    Id: CONTAINER,
    Name: '/web',
    Image: IMAGE,
    Platform: 'linux',
    State: { Status: 'running', Running: true, Paused: false, Restarting: false, Pid: 0 },
    Config: { Hostname: 'cccccccccccc' },
    HostConfig: { CapDrop: null, CapAdd: null, Privileged: false, Init: null },
    Mounts: [],
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').replace(/^\/v1\.\d+/, '');
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text ? JSON.parse(text) : undefined;
}
