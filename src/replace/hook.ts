import { createHmac } from 'node:crypto';
import type { DriverContext } from '../core/replacement.ts';
import { ReplaceError } from '../core/replacement.ts';
import type { HookConfig } from '../schema/replace.ts';
import { runProgram } from './process.ts';

/** Longest answer that is kept, characters. */
const most = 2000;

/** Calls a hook with a JSON document; what it said. @throws ReplaceError */
export async function callHook(
  hook: HookConfig,
  body: object,
  context: DriverContext,
): Promise<Record<string, unknown>> {
  const timeoutMs = (hook.timeoutSeconds ?? 300) * 1000;
  if (hook.command) {
    const { signal, env } = context;
    const said = await runProgram({ argv: hook.command, input: body, timeoutMs, signal, env });
    return said.trim() === '' ? {} : { said: said.trim().slice(0, most) };
  }
  const secret = hook.secret === undefined ? undefined : await context.secret(hook.secret);
  return await post({
    url: hook.url ?? '',
    body,
    timeoutMs,
    signal: context.signal,
    ...(secret === undefined ? {} : { secret }),
  });
}

/** What is posted, and where. */
export interface Posted {
  url: string;
  body: object;
  /** Signs the body: `X-Snowfence-Signature: sha256=HEX` (HMAC-SHA256). */
  secret?: string;
  headers?: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
}

/** Posts JSON; any 2xx is success. @throws ReplaceError, transient for 408, 429, 5xx and connections that fail. */
export async function post({
  url,
  body,
  secret,
  headers = {},
  timeoutMs,
  signal,
}: Posted): Promise<Record<string, unknown>> {
  const text = JSON.stringify(body);
  const signature = secret === undefined ? undefined : createHmac('sha256', secret).update(text).digest('hex');
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body: text,
      headers: {
        'content-type': 'application/json',
        ...(signature === undefined ? {} : { 'x-snowfence-signature': `sha256=${signature}` }),
        ...headers,
      },
      // Who was named is asked, and nobody else.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
  } catch (cause) {
    const why = cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause);
    throw new ReplaceError(`${hostOf(url)} did not answer: ${why}`, { transient: !signal.aborted, cause });
  }
  const { status } = response;
  const said = await readSome(response);
  if (status >= 200 && status < 300) return { status, ...(said === '' ? {} : { said }) };
  throw new ReplaceError(`${hostOf(url)} answered ${status}${said === '' ? '' : `: ${said.slice(0, 300)}`}`, {
    transient: status === 408 || status === 429 || status >= 500,
  });
}

/** An address may hold a token: only its origin is told. */
function hostOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return 'the address';
  }
}

/** The beginning of an answer; the rest is not read. */
async function readSome(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  let text = '';
  const decoder = new TextDecoder();
  try {
    while (text.length < most) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // What came is enough.
  }
  await reader.cancel().catch(() => {});
  return text
    .slice(0, most)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
}
