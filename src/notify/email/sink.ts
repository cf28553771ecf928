import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { plain } from '../../core/address.ts';
import { messageOf } from '../../core/errors.ts';
import { DeliveryError, type Notification, type Sink, type SinkContext } from '../../core/notify.ts';
import { reference, settingsOf } from '../settings.ts';
import { headline, plainText } from '../text.ts';

interface EmailSettings {
  host: string;
  port?: number;
  security?: 'starttls' | 'tls' | 'none';
  from: string;
  to: string[];
  user?: string;
  password?: string;
  ca?: string;
}

const address = { type: 'string', pattern: '^[^\\s@<>,;"]+@[^\\s@<>,;"]+$' } as const;
const ports = { starttls: 587, tls: 465, none: 25 } as const;

/** A mail of plain text to each recipient, by SMTP. */
export const email: Sink = {
  name: 'email',
  about: 'sends a mail by SMTP, encrypted (STARTTLS or TLS) unless told otherwise',
  settings: settingsOf(['host', 'from', 'to'], {
    host: { type: 'string', minLength: 1 },
    port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'default 587, 465 for tls, 25 for none' },
    security: { enum: ['starttls', 'tls', 'none'], description: 'default starttls, which is then insisted on' },
    from: address,
    to: { type: 'array', items: address, minItems: 1, maxItems: 50 },
    user: { type: 'string', minLength: 1 },
    password: reference('of user'),
    ca: { type: 'string', minLength: 1, description: 'PEM file of the authorities that vouch for the server' },
  }),
  shape: { items: 50, instances: 5 },
  async send(message, settings, context) {
    const of = settings as unknown as EmailSettings;
    const { createTransport } = await import('nodemailer');
    const transport = createTransport(await optionsOf(of, context));
    // A server that says nothing is left, whatever the library waits for.
    const late = new Promise<never>((_, reject) => {
      const onAbort = () => reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
      context.signal.addEventListener('abort', onAbort, { once: true });
      if (context.signal.aborted) onAbort();
    });
    late.catch(() => {});
    try {
      const { rejected } = await Promise.race([transport.sendMail(mailOf(message, of, context.version)), late]);
      return rejected.length > 0 ? `refused for ${rejected.length} of ${of.to.length} recipients` : undefined;
    } catch (error) {
      throw failure(of.host, error);
    } finally {
      transport.close();
    }
  },
};

async function optionsOf(
  { host, port, security = 'starttls', user, password, ca }: EmailSettings,
  context: SinkContext,
) {
  const trusted =
    ca === undefined
      ? undefined
      : await readFile(ca, 'utf8').catch((error: unknown) => {
          throw new DeliveryError(`cannot read the authorities in ${ca}: ${messageOf(error)}`, { cause: error });
        });
  const patience = 30_000;
  return {
    ...{ host, port: port ?? ports[security], secure: security === 'tls' },
    ...{ requireTLS: security === 'starttls', ignoreTLS: security === 'none' },
    ...{ connectionTimeout: patience, greetingTimeout: patience, socketTimeout: patience },
    // Nothing of a message may name a file or an address to be fetched.
    ...{ disableFileAccess: true, disableUrlAccess: true },
    ...(trusted === undefined ? {} : { tls: { ca: trusted } }),
    ...(user === undefined
      ? {}
      : { auth: { user, pass: password === undefined ? '' : await context.secret(password) } }),
  };
}

function mailOf(message: Notification, { from, to }: EmailSettings, version: string) {
  // The same for every attempt: a mail that arrives twice is one to most readers.
  const id = createHash('sha256').update(message.id).digest('hex').slice(0, 32);
  return {
    ...{ from, to, subject: headline(message).slice(0, 200), text: plainText(message), date: new Date(message.at) },
    messageId: `<${id}@${hostname().replace(/[^A-Za-z0-9.-]/g, '') || 'localhost'}>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Mailer': `snowfence ${version}`, 'X-Snowfence-Id': message.id },
  };
}

/** Answers of 5xx are final (RFC 5321, 4.2.1), and so are a login and a certificate that are refused. */
function failure(host: string, error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const { code = '', responseCode = 0 } = error as { code?: string; responseCode?: number };
  const refused =
    responseCode >= 500 || code === 'EAUTH' || code === 'EENVELOPE' || /CERT|SELF_SIGNED|ALTNAME/.test(code);
  const distrusted = /certificate|self-signed/i.test(messageOf(error));
  const passing = responseCode >= 400 && responseCode < 500;
  return new DeliveryError(`the mail server ${host} took it not: ${plain(messageOf(error), 300)}`, {
    ...{ transient: passing || !(refused || distrusted), cause: error },
  });
}
