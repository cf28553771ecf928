import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, UserError } from '../../core/errors.ts';

/** An answer. */
export interface Page {
  status: number;
  type: string;
  body: string;
}

/** What is answered at each path. */
export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>;

/** Where it is listened. */
export interface Listen {
  host: string;
  port: number;
}

/** Connections at once; a scraper and a prober need two. */
const connections = 64;
/** For a whole request, milliseconds. */
const patience = 10_000;

/** Reads `HOST:PORT` or `[::1]:PORT`. @throws UserError */
export function listenOf(text: string): Listen {
  const [, six, host, port = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const name = six ?? host;
  if (name === undefined || Number(port) > 65_535)
    throw new UserError(`--listen is "${text}"`, 'it must be HOST:PORT, as 127.0.0.1:9464 or [::1]:9464');
  return { host: name, port: Number(port) };
}

/** Is it an address that only this machine reaches? */
export function isLoopback({ host }: Listen): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Answers GET and HEAD; everything else is refused. @throws UserError where the address cannot be had. */
export async function serveHttp(listen: Listen, pages: Pages): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer({ requestTimeout: patience, headersTimeout: patience, keepAliveTimeout: 5000 });
  server.maxConnections = connections;
  server.on('request', (request, response) => void answer(request, response, pages));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new UserError(
          `cannot listen on ${listen.host}:${listen.port}: ${messageOf(error)}`,
          'choose another --listen',
          {
            cause: error,
          },
        ),
      ),
    );
    server.listen(listen.port, listen.host, resolve);
  });
  server.on('error', () => {});
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer({ method, url = '' }: IncomingMessage, response: ServerResponse, pages: Pages): Promise<void> {
  const path = url.split('?', 1)[0] ?? '';
  const send = ({ status, type, body }: Page, more: Record<string, string> = {}) => {
    const bytes = Buffer.from(body);
    response.writeHead(status, {
      ...{ 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store' },
      ...{ 'x-content-type-options': 'nosniff', ...more },
    });
    response.end(method === 'HEAD' ? undefined : bytes);
  };
  // A body is nothing that anybody reads here: the connection ends with the answer.
  if (method !== 'GET' && method !== 'HEAD')
    return send(text(405, 'only GET and HEAD\n'), { allow: 'GET, HEAD', connection: 'close' });
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (!page) return send(text(404, `there are ${Object.keys(pages).join(', ')}\n`));
  try {
    send(await page());
  } catch (error) {
    send(text(500, `${messageOf(error)}\n`));
  }
}

/** An answer of plain text. */
export function text(status: number, body: string): Page {
  return { status, type: 'text/plain; charset=utf-8', body };
}
