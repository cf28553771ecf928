import { createHmac } from 'node:crypto';
import { originOf, unsafe } from '../../core/address.ts';
import type { Driver, DriverContext, DriverSession, Progress, Settings, Target } from '../../core/replacement.ts';
import { ReplaceError } from '../../core/replacement.ts';
import { type Answer, ask, objectOf, parsed, refusedBy } from '../http.ts';
import { progressIn } from '../said.ts';

interface WebhookSettings {
  url: string;
  secret: string;
  insecure?: boolean;
  timeoutSeconds?: number;
}

const of = (settings: Settings) => settings as unknown as WebhookSettings;
/** Longest token that a driver may give. */
const longest = 4096;

/**
 * A service of one's own, over HTTP. What is signed (HMAC-SHA256, hexadecimal, header `X-Snowfence-Signature: v1=HEX`) is
 * `TIMESTAMP\nMETHOD\nPATH?QUERY\nKEY\nBODY`, with the seconds since 1970 of `X-Snowfence-Timestamp` and the key of `Idempotency-Key`.
 */
export const webhook: Driver = {
  name: 'webhook',
  about: 'posts a signed request to a service of your own, and asks it how far it has come',
  settings: {
    type: 'object',
    additionalProperties: false,
    required: ['url', 'secret'],
    properties: {
      url: { type: 'string', pattern: '^https?://', description: 'where a replacement is asked for' },
      secret: { type: 'string', pattern: '^(env|file):.+', description: 'by reference: signs every request' },
      insecure: { type: 'boolean', description: 'allow http to other machines (default false)' },
      timeoutSeconds: {
        ...{ type: 'number', exclusiveMinimum: 0, maximum: 3600 },
        description: 'of one request with its answer (default 30)',
      },
    },
  },
  plan(target, settings) {
    const { url, insecure = false } = of(settings);
    const refused = unsafe(url, insecure);
    if (refused !== undefined) return { refused };
    return {
      calls: [
        `POST to ${originOf(url)}, signed and with an Idempotency-Key: ${JSON.stringify(bodyOf(target))}`,
        'GET from the address in its Location, signed, until it is done',
      ],
    };
  },
  async open(settings, context) {
    const { url, secret, insecure = false } = of(settings);
    const refused = unsafe(url, insecure);
    if (refused !== undefined) throw new ReplaceError(`the driver webhook refuses: ${refused}`);
    return session(of(settings), await context.secret(secret), context);
  },
};

const bodyOf = (target: Target) => ({ action: 'start', target });

function session({ url, timeoutSeconds = 30 }: WebhookSettings, secret: string, { signal }: DriverContext) {
  const send = (method: 'GET' | 'POST', to: string, key: string, body: string | undefined): Promise<Answer> => {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const { pathname, search } = new URL(to);
    const text = [timestamp, method, `${pathname}${search}`, key, body ?? ''].join('\n');
    const headers = {
      accept: 'application/json',
      'idempotency-key': key,
      'x-snowfence-timestamp': timestamp,
      'x-snowfence-signature': `v1=${createHmac('sha256', secret).update(text).digest('hex')}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const request = { url: to, method, headers, timeoutMs: timeoutSeconds * 1000, signal };
    return ask(body === undefined ? request : { ...request, body });
  };
  const opened: DriverSession = {
    async start({ key, target }) {
      const answer = await send('POST', url, key, JSON.stringify({ ...bodyOf(target), key }));
      const token = JSON.stringify(tokenOf(url, answer, target));
      if (token.length > longest) throw new ReplaceError(`the answer of ${originOf(url)} is too long to be kept`);
      return token;
    },
    async poll(token, { key, target }) {
      const kept = parsed(token) as { status?: unknown; ended?: unknown } | undefined;
      if (typeof kept?.status === 'string') {
        const to = sameOrigin(url, kept.status);
        const answer = await send('GET', to, key, undefined);
        if (answer.status === 202) return { state: 'running', detail: `${originOf(url)} is at it` };
        if (answer.status !== 200) throw refusedBy(url, answer);
        return stated(url, answer, target);
      }
      const progress = progressIn(kept?.ended, target, 'the service');
      if (progress) return progress;
      throw new ReplaceError('the token is none of the driver webhook');
    },
    close: async () => {},
  };
  return opened;
}

/** What an answer to the POST leaves to remember: how it ended, or where to ask. @throws ReplaceError */
function tokenOf(url: string, answer: Answer, target: Target): { ended: object } | { status: string } {
  if (answer.status !== 200 && answer.status !== 201 && answer.status !== 202) throw refusedBy(url, answer);
  const location = answer.headers.get('location');
  const progress = answer.status === 202 ? undefined : stated(url, answer, target);
  if (progress && progress.state !== 'running')
    return { ended: { ...progress, ...(progress.state === 'done' ? progress.successor : {}) } };
  if (location === null || location === '')
    throw new ReplaceError(`${originOf(url)} began something, and names no Location where to ask for it`, {
      hint: 'answer 200 with a state of done or failed, or 202 with a Location',
    });
  return { status: sameOrigin(url, location) };
}

function stated(url: string, answer: Answer, target: Target): Progress {
  const progress = progressIn(objectOf(url, answer), target, originOf(url));
  if (progress) return progress;
  throw new ReplaceError(`${originOf(url)} says no state of running, done or failed`);
}

/** An address in an answer, which may lead to nobody else. @throws ReplaceError */
function sameOrigin(url: string, location: string): string {
  const to = URL.canParse(location, url) ? new URL(location, url) : undefined;
  if (!to || to.origin !== new URL(url).origin || to.username !== '' || to.password !== '')
    throw new ReplaceError(`${originOf(url)} sends us to another place, where nobody is asked`, {
      hint: 'a Location must have the origin of the url in the settings',
    });
  to.hash = '';
  return to.href;
}
