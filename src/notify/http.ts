import { originOf, plain, unsafe } from '../core/address.ts';
import { DeliveryError } from '../core/notify.ts';

/** Longest that a receiver may make us wait, milliseconds. */
const longestWait = 24 * 3600 * 1000;
/** Bytes of an answer that are read. */
const most = 4096;

/** What is posted, and where. */
export interface Posted {
  url: string;
  body: string;
  headers?: Record<string, string>;
  signal: AbortSignal;
  insecure?: boolean;
}

/**
 * Posts JSON; any 2xx is success, and no redirect is followed: who was named is told, and nobody else. Messages name the origin only, for
 * a path may be a secret.
 * @throws DeliveryError, transient for 408, 425, 429, 5xx and for connections that fail.
 */
export async function post({ url, body, headers = {}, signal, insecure = false }: Posted): Promise<void> {
  const refused = unsafe(url, insecure);
  if (refused !== undefined) throw new DeliveryError(refused);
  // fetch would say the whole value.
  const broken = Object.entries(headers).find(([, value]) => /[^\t\x20-\x7e\x80-\xff]/.test(value));
  if (broken)
    throw new DeliveryError(
      `the value of the header ${broken[0]} has a character that none may have, such as a line end`,
      {
        transient: true,
      },
    );
  let response: Response;
  try {
    response = await fetch(url, {
      ...{ method: 'POST', body, redirect: 'manual', signal },
      headers: { 'content-type': 'application/json', ...headers },
    });
  } catch (cause) {
    const why = signal.aborted ? 'no answer in time' : causeOf(cause);
    throw new DeliveryError(`${originOf(url)} did not answer: ${why}`, { transient: true, cause });
  }
  const { status } = response;
  const said = await beginning(response);
  if (status >= 200 && status < 300) return;
  const redirect = status >= 300 && status < 400 ? ', a redirect, and those are not followed' : '';
  throw new DeliveryError(`${originOf(url)} answered ${status}${redirect}${said === '' ? '' : `: ${said}`}`, {
    transient: status === 408 || status === 425 || status === 429 || status >= 500,
    retryAfterMs: retryAfter(response.headers.get('retry-after'), Date.now()),
  });
}

/** Does one part of a message, and when that fails says how many were delivered before it. @throws DeliveryError */
export async function resumable(delivered: number, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (cause) {
    if (!(cause instanceof DeliveryError)) throw cause;
    const { message, transient, retryAfterMs } = cause;
    throw new DeliveryError(message, { transient, retryAfterMs, delivered, cause });
  }
}

/** `Retry-After`, seconds or a date (RFC 9110, 10.2.3), as milliseconds from now; 0 when it says nothing. */
export function retryAfter(value: string | null, now: number): number {
  if (value === null) return 0;
  const text = value.trim();
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), longestWait) : 0;
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return plain(String(error), 200);
  const cause = error.cause instanceof Error ? error.cause : error;
  return plain(('code' in cause ? `${cause.code} ` : '') + cause.message, 200);
}

/** The beginning of what it says; the rest is not read. */
async function beginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    while (size < most) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value.subarray(0, most - size));
      size += value.length;
    }
  } catch {
    // It broke off: the status was heard.
  }
  void reader.cancel().catch(() => {});
  return plain(Buffer.concat(parts).toString('utf8'), 300);
}
