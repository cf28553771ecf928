import type { Dispatcher, Pool } from 'undici';
import { printable } from '../../core/bytes.ts';
import { messageOf } from '../../core/errors.ts';
import { type DriverContext, ReplaceError } from '../../core/replacement.ts';
import { object, text } from '../json.ts';
import { type Endpoint, endpointOf } from './endpoint.ts';

/** Newest version of the Engine API that this was written against, and the oldest that has all it needs (forced update). */
const [newest, oldest] = [47, 25];
/** Largest JSON answer that is read. Bytes. */
const maxJson = 16 * 1024 * 1024;
/** Longest wait for a connection, and for an answer unless a call says more. Milliseconds. */
const [connectMs, answerMs] = [15_000, 120_000];
/** Statuses that say "not now", not "never": a proxy before the daemon, or the daemon under load. */
const busy = [408, 425, 429, 502, 503, 504];
/** A daemon that is none of a swarm's managers says so with the status 503, for ever. */
const noManager = /not a swarm manager/i;

/** What a daemon answered that is not success. */
export class EngineError extends ReplaceError {
  /** HTTP status. */
  readonly status: number;
  /** What the daemon says, printable and short. */
  readonly said: string;
  constructor(endpoint: Endpoint, status: number, said: string) {
    super(`the Docker daemon at ${endpoint.name} says: ${said}`, {
      transient: (busy.includes(status) || status >= 500) && !noManager.test(said),
      hint: noManager.test(said) ? 'name a manager in the setting "host" of the driver' : '',
    });
    this.name = 'ReplaceError';
    this.status = status;
    this.said = said;
  }

  /** The daemon has understood and refuses: the same again would be refused again. */
  get final(): boolean {
    return !busy.includes(this.status);
  }
}

/** What a call has beside method and path. */
export interface CallOptions {
  body?: unknown;
  /** Longest wait for the whole answer, milliseconds. */
  timeoutMs?: number;
}

/** A daemon of the Docker Engine API, for changes. Each call throws a ReplaceError. */
export class Engine {
  readonly endpoint: Endpoint;
  /** Minor number of the API's version that is spoken. */
  minor = oldest;
  readonly #pool: Pool;
  readonly #signal: AbortSignal;

  private constructor(endpoint: Endpoint, pool: Pool, signal: AbortSignal) {
    this.endpoint = endpoint;
    this.#pool = pool;
    this.#signal = signal;
  }

  /** Calls the daemon and agrees on a version. @throws ReplaceError */
  static async open(endpoint: Endpoint, signal: AbortSignal): Promise<Engine> {
    const { Pool: Connections } = await import('undici');
    const { origin, socketPath, tls } = endpoint;
    const pool = new Connections(origin, {
      connect: { timeout: connectMs, ...tls, ...(socketPath ? { socketPath } : {}) },
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const engine = new Engine(endpoint, pool, signal);
    try {
      const { statusCode, headers, body } = await engine.#send('GET', '/_ping', {}, connectMs);
      await body.dump();
      if (busy.includes(statusCode)) throw new EngineError(endpoint, statusCode, `status ${statusCode}`);
      const said = Number(/^1\.(\d+)$/.exec(String(headers['api-version'] ?? ''))?.[1] ?? Number.NaN);
      if (Number.isNaN(said)) throw new ReplaceError(`what answers at ${endpoint.name} is no Docker daemon`);
      if (said < oldest) throw new ReplaceError(`the Docker daemon at ${endpoint.name} is too old (API 1.${said})`);
      engine.minor = Math.min(said, newest);
      return engine;
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** Asks for, or does, something; the JSON of the answer, undefined for an empty one. @throws EngineError for any status but success */
  async call(method: 'GET' | 'POST' | 'DELETE', path: string, options: CallOptions = {}): Promise<unknown> {
    const { body, timeoutMs = answerMs } = options;
    const response = await this.#send(
      method,
      `/v1.${this.minor}${path}`,
      body === undefined ? {} : { body },
      timeoutMs,
    );
    const said = await this.#text(response);
    if (response.statusCode === 304) return undefined;
    if (response.statusCode >= 300)
      throw new EngineError(this.endpoint, response.statusCode, messageIn(said, response));
    if (said === '') return undefined;
    try {
      return JSON.parse(said) as unknown;
    } catch {
      throw new ReplaceError(`the Docker daemon at ${this.endpoint.name} answered what is no JSON`);
    }
  }

  /** The same by GET for an object that may not be there: undefined then. */
  async find(path: string): Promise<Record<string, unknown> | undefined> {
    try {
      return object(await this.call('GET', path));
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Fetches an image from its registry. @throws ReplaceError with what the registry said */
  async pull(ref: string): Promise<void> {
    const path = `/v1.${this.minor}/images/create?fromImage=${encodeURIComponent(ref)}`;
    // Without a tag the API would fetch all of them.
    const whole = /[:@][^/]*$/.test(ref) ? path : `${path}&tag=latest`;
    const response = await this.#send('POST', whole, {}, 3_600_000);
    const said = await this.#text(response);
    if (response.statusCode >= 300)
      throw new EngineError(this.endpoint, response.statusCode, messageIn(said, response));
    // Progress, one JSON object a line; a failure stands among them under the status 200.
    const failure = said.split('\n').find((line) => /"error"\s*:/.test(line));
    if (failure !== undefined)
      throw new ReplaceError(`the image ${ref} cannot be pulled: ${messageIn(failure, response)}`);
  }

  async close(): Promise<void> {
    await this.#pool.destroy().catch(() => {});
  }

  async #send(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { body }: { body?: unknown },
    timeoutMs: number,
  ): Promise<Dispatcher.ResponseData> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(timeoutMs)]);
    const json =
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    try {
      return await this.#pool.request({ method, path, signal, ...json });
    } catch (error) {
      throw this.#lost(error);
    }
  }

  async #text({ body }: Dispatcher.ResponseData): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > maxJson)
          throw new ReplaceError(
            `an answer of the Docker daemon at ${this.endpoint.name} has more than ${maxJson} bytes`,
          );
      }
    } catch (error) {
      throw error instanceof ReplaceError ? error : this.#lost(error);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  /** A failed connection in words. */
  #lost(cause: unknown): ReplaceError {
    if (this.#signal.aborted) return new ReplaceError('interrupted while the Docker daemon was asked', { cause });
    const { name } = this.endpoint;
    const code = String((cause as { code?: unknown }).code ?? '');
    if (code === 'EACCES' || code === 'EPERM')
      return new ReplaceError(`${name} may not be used by this account`, {
        hint: 'use a member of the group "docker", or root',
        cause,
      });
    if (/^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_SSL|EPROTO)/.test(code))
      return new ReplaceError(`no trusted TLS connection to ${name}: ${short(messageOf(cause))}`, {
        hint: 'see DOCKER_TLS_VERIFY and DOCKER_CERT_PATH',
        cause,
      });
    if (code === 'ENOENT' || code === 'ECONNREFUSED')
      return new ReplaceError(`no Docker daemon listens at ${name}`, {
        transient: true,
        hint: 'is it running? see DOCKER_HOST',
        cause,
      });
    return new ReplaceError(`the connection to the Docker daemon at ${name} failed: ${short(messageOf(cause))}`, {
      transient: true,
      cause,
    });
  }
}

/** Daemons that a session talks to, each opened once. */
export class Engines {
  readonly #context: DriverContext;
  readonly #open = new Map<string, Promise<Engine>>();

  constructor(context: DriverContext) {
    this.#context = context;
  }

  /** The daemon at an address, else at `DOCKER_HOST`, else at the usual socket. @throws ReplaceError */
  async at(host: string | undefined): Promise<Engine> {
    const endpoint = endpointOf(host, this.#context.env);
    const known = this.#open.get(endpoint.name) ?? Engine.open(endpoint, this.#context.signal);
    this.#open.set(endpoint.name, known);
    // One that did not answer is called anew the next time.
    known.catch(() => this.#open.delete(endpoint.name));
    return await known;
  }

  async close(): Promise<void> {
    for (const engine of this.#open.values()) await engine.then((one) => one.close()).catch(() => {});
  }
}

/** What somebody else wrote, for a message of ours. */
export function short(said: string): string {
  return printable(said.trim().slice(0, 400));
}

/** The daemon puts errors into `{"message": "..."}`; a proxy in front of it does not. */
function messageIn(said: string, { statusCode }: Dispatcher.ResponseData): string {
  let message = said;
  try {
    const parsed = object(JSON.parse(said) as unknown);
    message = text(parsed['message']) || text(parsed['error']) || said;
  } catch {
    // As it is.
  }
  return short(message) || `status ${statusCode}`;
}
