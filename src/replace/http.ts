import { originOf, plain } from '../core/address.ts';
import { ReplaceError } from '../core/replacement.ts';

/** What is asked, and of whom. */
export interface Asked {
  url: string;
  method: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  /** Until the whole answer is read. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Bytes of the answer that are read; the rest is left (default 64 KiB). */
  most?: number;
}

/** An answer, whatever its status. */
export interface Answer {
  status: number;
  headers: Headers;
  /** Its body as UTF-8. */
  text: string;
  /** It was longer than what is read, or broke off. */
  cut: boolean;
}

/**
 * Asks over HTTP, and follows no redirect: who was named is asked, and nobody else.
 * @throws ReplaceError, transient unless it was interrupted, when no answer comes in time.
 */
export async function ask({
  url,
  method,
  headers = {},
  body,
  timeoutMs,
  signal,
  most = 65_536,
}: Asked): Promise<Answer> {
  let response: Response;
  try {
    const both = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const init = { method, headers, redirect: 'manual' as const, signal: both };
    response = await fetch(url, body === undefined ? init : { ...init, body });
  } catch (cause) {
    const why = cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause);
    const malformed = cause instanceof TypeError && !URL.canParse(url);
    throw new ReplaceError(`${originOf(url)} did not answer: ${plain(why, 300)}`, {
      transient: !signal.aborted && !malformed,
    });
  }
  return { status: response.status, headers: response.headers, ...(await readSome(response, most)) };
}

/** The error for an answer that is none of the good ones; with the beginning of what it says. */
export function refusedBy(url: string, { status, text }: Answer, hint = ''): ReplaceError {
  const said = plain(text, 300);
  const redirect = status >= 300 && status < 400 ? ', a redirect, and those are not followed' : '';
  return new ReplaceError(`${originOf(url)} answered ${status}${redirect}${said === '' ? '' : `: ${said}`}`, {
    transient: status === 408 || status === 425 || status === 429 || status >= 500,
    hint,
  });
}

/** A JSON object in an answer. @throws ReplaceError when it is something else. */
export function objectOf(url: string, { text, cut }: Answer): Record<string, unknown> {
  const value = cut ? undefined : parsed(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  const what = cut ? 'broke off, or is too long' : 'is no JSON object';
  throw new ReplaceError(`the answer of ${originOf(url)} ${what}: ${plain(text, 100)}`);
}

/** A JSON value; undefined for what is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The beginning of an answer; the rest is not read. */
async function readSome(response: Response, most: number): Promise<{ text: string; cut: boolean }> {
  const reader = response.body?.getReader();
  if (!reader) return { text: '', cut: false };
  const parts: Uint8Array[] = [];
  let size = 0;
  let cut = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value.subarray(0, most - size));
      size += value.length;
      if (size > most) {
        cut = true;
        break;
      }
    }
  } catch {
    // What came is told; whether it is enough, the caller knows.
    cut = true;
  }
  void reader.cancel().catch(() => {});
  return { text: Buffer.concat(parts).toString('utf8'), cut };
}
