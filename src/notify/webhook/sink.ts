import { createHmac } from 'node:crypto';
import type { Sink } from '../../core/notify.ts';
import { post } from '../http.ts';
import { insecure, reference, settingsOf, url } from '../settings.ts';

interface WebhookSettings {
  url: string;
  secret: string;
  authorization?: string;
  insecure?: boolean;
}

/**
 * A service of one's own. Signed as the replace driver of the same name signs (HMAC-SHA256, hexadecimal, header `X-Snowfence-Signature:
 * v1=HEX`): `TIMESTAMP\nMETHOD\nPATH?QUERY\nKEY\nBODY`, with the seconds since 1970 of `X-Snowfence-Timestamp` and the key of
 * `Idempotency-Key`, so that one check serves both.
 */
export const webhook: Sink = {
  name: 'webhook',
  about: 'posts snowfence.notification/v1 as JSON, signed, to a service of your own',
  settings: settingsOf(['url', 'secret'], {
    url: url('where it is posted to'),
    secret: reference('signs every message'),
    authorization: reference('value of the header Authorization'),
    insecure,
  }),
  shape: { items: 1000, instances: 1000 },
  async send(message, settings, { signal, secret }) {
    const of = settings as unknown as WebhookSettings;
    const body = JSON.stringify(message);
    const timestamp = String(Math.floor(Date.now() / 1000));
    const { pathname, search } = new URL(of.url);
    const signed = [timestamp, 'POST', `${pathname}${search}`, message.id, body].join('\n');
    const signature = createHmac('sha256', await secret(of.secret))
      .update(signed)
      .digest('hex');
    await post({
      ...{ url: of.url, body, signal, insecure: of.insecure ?? false },
      headers: {
        'idempotency-key': message.id,
        'x-snowfence-timestamp': timestamp,
        'x-snowfence-signature': `v1=${signature}`,
        ...(of.authorization === undefined ? {} : { authorization: await secret(of.authorization) }),
      },
    });
    return undefined;
  },
};
