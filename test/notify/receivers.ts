import { once } from 'node:events';
import { createServer as createHttp, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Manners } from './contract.ts';
import { MailServer } from './mail-server.ts';

async function listen(server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export interface Posted {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Something that is posted to. */
export async function httpReceiver(manners: Manners): Promise<{ url: string; posts: Posted[] }> {
  const posts: Posted[] = [];
  const server = createHttp((request, response) => {
    if (manners.does === 'hang') return;
    if (manners.does === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    const parts: Buffer[] = [];
    request.on('data', (chunk: Buffer) => parts.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8');
      posts.push({ path: request.url ?? '', headers: request.headers, body });
      if (manners.does === 'refuse') response.writeHead(400).end('no\x1b[2J such thing');
      else if (manners.does === 'throttle') response.writeHead(429, { 'retry-after': String(manners.seconds) }).end();
      else response.writeHead(manners.does === 'take' ? (manners.status ?? 200) : 500).end();
    });
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, posts };
}

/** Something that takes bytes over TCP. */
export async function tcpReceiver(manners: Manners): Promise<{ port: number; got(): string }> {
  let bytes = Buffer.alloc(0);
  const server = createTcp({ allowHalfOpen: manners.does === 'hang' }, (socket) => {
    if (manners.does === 'reset') {
      socket.resetAndDestroy();
      return;
    }
    // A full window: nothing is read any more.
    if (manners.does === 'hang') {
      socket.pause();
      return;
    }
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
    });
  });
  return { port: await listen(server), got: () => bytes.toString('utf8') };
}

/** A mail server of those manners. */
export async function mailReceiver(manners: Manners): Promise<{ port: number; server?: MailServer }> {
  if (manners.does === 'hang' || manners.does === 'reset') return { port: (await tcpReceiver(manners)).port };
  const answer = (code: number, text: string) => Object.assign(new Error(text), { responseCode: code });
  const refusal = manners.does === 'refuse' ? answer(554, 'no') : answer(451, 'later');
  const server = new MailServer(
    manners.does === 'take' ? {} : { onMailFrom: (_address, _session, done) => done(refusal) },
  );
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { port: await server.listen(), server };
}
