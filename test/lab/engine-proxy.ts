import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { labDir } from './place.ts';

/** A proxy before a Docker daemon, as people put one there to limit it: it counts what changes something, and can be busy. */
export interface EngineProxy extends AsyncDisposable {
  /** As DOCKER_HOST has it. */
  readonly host: string;
  /** `METHOD path` of all requests that are no questions, without version. */
  readonly changes: string[];
  /** The next request is answered 503. */
  busy: boolean;
  /** Cuts the connection of the next change whose line this matches: `before` the daemon hears it, or `after` it was done. */
  cut: { at: RegExp; when: 'before' | 'after' } | undefined;
}

/** Starts one before the daemon behind a `unix://` address. */
export async function startProxy(daemon: string): Promise<EngineProxy> {
  const dir = await mkdtemp(join(labDir(), 'px-'));
  const socketPath = join(dir, 'p.sock');
  const changes: string[] = [];
  const proxy: EngineProxy = {
    host: `unix://${socketPath}`,
    changes,
    busy: false,
    cut: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dir, { recursive: true, force: true });
    },
  };
  const server = createServer((asked, answer) => {
    if (proxy.busy) {
      proxy.busy = false;
      answer.writeHead(503).end('busy');
      return;
    }
    const line = `${asked.method} ${asked.url?.replace(/^\/v[0-9.]+/, '')}`;
    if (asked.method !== 'GET') changes.push(line);
    const cut = asked.method !== 'GET' && proxy.cut?.at.test(line) ? proxy.cut.when : undefined;
    if (cut) proxy.cut = undefined;
    if (cut === 'before') {
      asked.socket.destroy();
      return;
    }
    const { method, url, headers } = asked;
    const on = request({ socketPath: daemon.replace('unix://', ''), method, path: url, headers }, (said) => {
      if (cut === 'after') {
        said.resume().on('end', () => asked.socket.destroy());
        return;
      }
      answer.writeHead(said.statusCode ?? 502, said.headers);
      said.pipe(answer);
    });
    on.on('error', () => answer.destroy());
    asked.pipe(on);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return proxy;
}
