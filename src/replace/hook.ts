import { createHmac } from 'node:crypto';
import { plain } from '../core/address.ts';
import type { DriverContext } from '../core/replacement.ts';
import type { HookConfig } from '../schema/replace.ts';
import { ask, refusedBy } from './http.ts';
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
    return said.trim() === '' ? {} : { said: plain(said, most) };
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

/** Posts JSON; any 2xx is success. @throws ReplaceError, transient for 408, 425, 429, 5xx and connections that fail. */
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
  const answer = await ask({
    url,
    method: 'POST',
    body: text,
    headers: {
      'content-type': 'application/json',
      ...(signature === undefined ? {} : { 'x-snowfence-signature': `sha256=${signature}` }),
      ...headers,
    },
    timeoutMs,
    signal,
    most,
  });
  if (answer.status < 200 || answer.status >= 300) throw refusedBy(url, answer);
  const said = plain(answer.text, most);
  return { status: answer.status, ...(said === '' ? {} : { said }) };
}
