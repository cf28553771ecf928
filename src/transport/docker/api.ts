import type { Duplex } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';
import { printable } from '../../core/bytes.ts';
import { messageOf, ReachError } from '../../core/errors.ts';
import type { GapReason } from '../../core/facts.ts';
import type { Endpoint } from './endpoint.ts';

/** Newest version of the Engine API that this was written against, and the oldest that has all it needs (exec inspect, HEAD archive). */
const [newest, oldest] = [47, 24];
/** Largest JSON answer that is read. Bytes. */
const maxJson = 16 * 1024 * 1024;

/** An answer whose body was not read yet. */
type Response = Dispatcher.ResponseData;

/** A daemon of the Docker Engine API. Every error is a ReachError that names the daemon. */
export class DockerApi {
  readonly endpoint: Endpoint;
  readonly #pool: Pool;
  readonly #signal: AbortSignal;
  #version = '';

  private constructor(endpoint: Endpoint, pool: Pool, signal: AbortSignal) {
    this.endpoint = endpoint;
    this.#pool = pool;
    this.#signal = signal;
  }

  /** Calls the daemon and agrees on a version. @throws ReachError */
  static async open(endpoint: Endpoint, connectMs: number, signal: AbortSignal): Promise<DockerApi> {
    const api = new DockerApi(endpoint, await poolFor(endpoint, connectMs), signal);
    const limit = AbortSignal.timeout(connectMs);
    try {
      const { headers, body } = await api.#request('GET', '/_ping', { signal: AbortSignal.any([signal, limit]) });
      await body.dump();
      api.#version = api.#agree(headers['api-version']);
      return api;
    } catch (error) {
      await api.close();
      if (limit.aborted && !signal.aborted)
        throw new ReachError('timeout', `the Docker daemon at ${endpoint.name} did not answer in time`);
      throw error;
    }
  }

  #agree(said: string | string[] | undefined): string {
    const minor = Number(/^1\.(\d+)$/.exec(String(said ?? ''))?.[1] ?? Number.NaN);
    if (Number.isNaN(minor))
      throw new ReachError(
        'garbled',
        `what answers at ${this.endpoint.name} is no Docker daemon: it says no Api-Version`,
      );
    if (minor < oldest)
      throw new ReachError('unsupported', `the Docker daemon at ${this.endpoint.name} is too old (API 1.${minor})`);
    return `/v1.${Math.min(minor, newest)}`;
  }

  /** A JSON answer. @throws ReachError for any status but success, with what the daemon said. */
  async json(method: 'GET' | 'POST', path: string, body?: unknown, signal = this.#signal): Promise<unknown> {
    const response = await this.request(method, path, body, signal);
    const text = await this.#text(response, path);
    if (text === '') return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new ReachError(
        'garbled',
        `the Docker daemon at ${this.endpoint.name} answered ${path} with what is no JSON`,
      );
    }
  }

  /** A streamed answer; its body must be read or destroyed. @throws ReachError */
  async request(method: 'GET' | 'POST', path: string, body?: unknown, signal = this.#signal): Promise<Response> {
    const response = await this.#request(method, `${this.#version}${path}`, {
      signal,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (response.statusCode < 300) return response;
    throw this.#refusal(response.statusCode, await this.#text(response, path));
  }

  /** Is there something under this path? By HEAD. @throws ReachError for any other answer than yes and no. */
  async has(path: string): Promise<boolean> {
    const { statusCode, body } = await this.#request('HEAD', `${this.#version}${path}`, {});
    await body.dump();
    if (statusCode < 300 || statusCode === 404) return statusCode !== 404;
    throw this.#refusal(statusCode, '');
  }

  /** The bytes of an answer, in order. A connection that is lost is a ReachError `cut`. */
  async *stream(path: string, signal = this.#signal): AsyncGenerator<Buffer> {
    const { body } = await this.request('GET', path, undefined, signal);
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) yield chunk;
    } catch (error) {
      throw this.#lost(error);
    }
  }

  /** Starts something that talks over the raw connection (`101 UPGRADED`). @throws ReachError */
  hijack(path: string, body: unknown): Promise<Duplex> {
    const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
    let status = 0;
    let said = '';
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST' as const, path: `${this.#version}${path}`, upgrade: 'tcp', headers };
    this.#pool.dispatch(
      { ...request, body: JSON.stringify(body) },
      {
        onRequestStart() {},
        onRequestUpgrade: (_controller, _status, _headers, socket) => resolve(socket),
        onResponseStart(_controller, code) {
          status = code;
        },
        onResponseData(_controller, chunk) {
          if (said.length < 4096) said += chunk.toString('utf8');
        },
        onResponseEnd: () => reject(this.#refusal(status, said)),
        onResponseError: (_controller, error) => reject(this.#lost(error)),
      },
    );
    return promise;
  }

  async close(): Promise<void> {
    await this.#pool.destroy().catch(() => {});
  }

  async #request(
    method: 'GET' | 'POST' | 'HEAD',
    path: string,
    options: { headers?: Record<string, string>; body?: string; signal?: AbortSignal },
  ): Promise<Response> {
    try {
      return await this.#pool.request({ method, path, signal: this.#signal, ...options });
    } catch (error) {
      throw this.#lost(error);
    }
  }

  async #text({ body }: Response, path: string): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > maxJson)
          throw new ReachError('limit', `the Docker daemon's answer to ${path} has more than ${maxJson} bytes`);
      }
    } catch (error) {
      throw error instanceof ReachError ? error : this.#lost(error);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #refusal(status: number, text: string): ReachError {
    const said = printable(messageIn(text).trim().slice(0, 300)) || `status ${status}`;
    const ambiguous = /multiple IDs found/i.test(said);
    const hint = ambiguous ? 'write more of the id, or the name' : status === 404 ? '"docker ps" lists containers' : '';
    const reason: GapReason = status === 401 || status === 403 ? 'auth' : 'unreachable';
    return new ReachError(reason, `the Docker daemon at ${this.endpoint.name} says: ${said}`, hint);
  }

  /** A failed connection in words. */
  #lost(error: unknown): ReachError {
    if (this.#signal.aborted) return new ReachError('interrupted', 'interrupted while the Docker daemon was asked');
    const { name } = this.endpoint;
    const code = String((error as { code?: unknown }).code ?? '');
    const said = printable(messageOf(error)).slice(0, 300);
    const because = { cause: error };
    if (code === 'ENOENT' || code === 'ECONNREFUSED')
      return new ReachError(
        'unreachable',
        `no Docker daemon listens at ${name}`,
        'is it running? see DOCKER_HOST',
        because,
      );
    if (code === 'EACCES' || code === 'EPERM')
      return new ReachError(
        'auth',
        `${name} may not be used by this account`,
        'use a member of the group "docker", or root',
        because,
      );
    if (/^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code))
      return new ReachError(
        'host-key',
        `the certificate of ${name} is not trusted: ${said}`,
        'see DOCKER_CERT_PATH (ca.pem)',
        because,
      );
    if (/^(ERR_SSL|EPROTO)/.test(code))
      return new ReachError(
        'auth',
        `no TLS connection to ${name}: ${said}`,
        'see DOCKER_TLS_VERIFY and DOCKER_CERT_PATH',
        because,
      );
    if (code === 'UND_ERR_CONNECT_TIMEOUT')
      return new ReachError('timeout', `the Docker daemon at ${name} did not answer in time`, '', because);
    return new ReachError('cut', `the connection to the Docker daemon at ${name} failed: ${said}`, '', because);
  }
}

/** Connections to a daemon. */
async function poolFor({ origin, socketPath, tls }: Endpoint, connectMs: number): Promise<Pool> {
  const { Pool } = await import('undici');
  return new Pool(origin, {
    connect: { timeout: connectMs, ...tls, ...(socketPath ? { socketPath } : {}) },
    pipelining: 1,
    // A daemon under load may think for long; the limits of the session end that.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** The daemon puts errors into `{"message": "..."}`. */
function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // A proxy in front of it does not.
  }
  return text;
}
