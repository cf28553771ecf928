import { request } from 'node:http';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { isLoopback, listenOf, type Pages, serveHttp, text } from '../../../src/app/serving/http.ts';

async function serving(pages: Pages): Promise<number> {
  const { port, close } = await serveHttp({ host: '127.0.0.1', port: 0 }, pages);
  onTestFinished(close);
  return port;
}

/** Asks with any method; what came back. */
function ask(
  port: number,
  method: string,
  path: string,
  body = '',
): Promise<{ status?: number; allow?: string; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, method, path, host: '127.0.0.1' }, (answer) => {
      let said = '';
      answer.setEncoding('utf8').on('data', (more: string) => {
        said += more;
      });
      answer.on('end', () =>
        resolve({
          ...(answer.statusCode ? { status: answer.statusCode } : {}),
          ...(answer.headers.allow ? { allow: answer.headers.allow } : {}),
          body: said,
        }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

it('answers GET and HEAD where there is a page, and refuses all else', async () => {
  const port = await serving({
    '/healthz': () => text(200, 'ok\n'),
    '/broken': () => Promise.reject(new Error('the disk is full')),
  });
  expect(await ask(port, 'GET', '/healthz?x=1')).toEqual({ status: 200, body: 'ok\n' });
  expect(await ask(port, 'HEAD', '/healthz')).toEqual({ status: 200, body: '' });
  for (const path of ['/', '/healthz/', '/__proto__', '/constructor', '/../healthz', '//healthz'])
    expect((await ask(port, 'GET', path)).status).toBe(404);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
    expect(await ask(port, method, '/healthz', 'x'.repeat(100))).toMatchObject({ status: 405, allow: 'GET, HEAD' });
  expect(await ask(port, 'GET', '/broken')).toEqual({ status: 500, body: 'the disk is full\n' });
  expect((await ask(port, 'GET', '/healthz')).status).toBe(200);
});

it('survives what is no HTTP, and headers without end', async () => {
  const port = await serving({ '/healthz': () => text(200, 'ok\n') });
  for (const bytes of ['\0\x01\x02 garbage\r\n\r\n', `GET / HTTP/1.1\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`])
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      socket.on('error', () => {}).on('close', () => resolve());
      socket.resume();
    });
  expect((await ask(port, 'GET', '/healthz')).status).toBe(200);
});

it('says when the address is taken', async () => {
  const port = await serving({});
  await expect(serveHttp({ host: '127.0.0.1', port }, {})).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
});

it('reads addresses', () => {
  expect(listenOf('127.0.0.1:9464')).toEqual({ host: '127.0.0.1', port: 9464 });
  expect(listenOf('[::1]:0')).toEqual({ host: '::1', port: 0 });
  for (const wrong of ['9464', ':9464', '127.0.0.1', '::1:9464', '127.0.0.1:99999', 'a b:1', ''])
    expect(() => listenOf(wrong)).toThrow('--listen');
  const loopback = (host: string) => isLoopback({ host, port: 1 });
  expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(loopback)).toBe(true);
  expect(['0.0.0.0', '::', '10.0.0.1', '127.example'].some(loopback)).toBe(false);
});
