import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP, isIPv6, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { plain } from '../../core/address.ts';
import { messageOf } from '../../core/errors.ts';
import { DeliveryError, type Sink } from '../../core/notify.ts';
import { settingsOf } from '../settings.ts';
import { counted, cutTo, type Facility, facilities, records } from './frame.ts';

interface SyslogSettings {
  host: string;
  protocol?: 'udp' | 'tcp' | 'tls';
  port?: number;
  ca?: string;
  serverName?: string;
  facility?: Facility;
  appName?: string;
}

/** Largest datagram, bytes. */
const largest = 2048;
/** How long a receiver may take to close after us: only then is it sure that it did not reset, milliseconds. */
const closing = 2000;

/** Syslog has no answer: a delivery over TCP or TLS means that the receiver took all and closed in order; over UDP, that it was sent. */
export const syslog: Sink = {
  name: 'syslog',
  about: 'sends lines of RFC 5424 with structured data, over UDP, TCP (octet-counted) or TLS',
  settings: settingsOf(['host'], {
    host: { type: 'string', minLength: 1 },
    protocol: { enum: ['udp', 'tcp', 'tls'], description: 'default tls' },
    port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'default 6514 for tls, 514 for others' },
    ca: { type: 'string', minLength: 1, description: 'PEM file of the authorities that vouch for it (tls)' },
    serverName: { type: 'string', minLength: 1, description: 'name in its certificate, where it is not host' },
    facility: { enum: Object.keys(facilities), description: 'default local0' },
    appName: { type: 'string', pattern: '^[!-~]{1,48}$', description: 'default snowfence' },
  }),
  shape: { items: 200, instances: 5 },
  async send(message, settings, { signal }) {
    const of = settings as unknown as SyslogSettings;
    const { facility = 'local0', appName = 'snowfence', protocol = 'tls' } = of;
    const lines = records(message, { facility, appName, hostname: hostname() });
    if (protocol === 'udp') return udp(lines, of, signal);
    await stream(counted(lines), of, protocol, signal);
    return undefined;
  },
};

async function udp(lines: Buffer[], { host, port = 514 }: SyslogSettings, signal: AbortSignal): Promise<string> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const failed = new Promise<never>((_, reject) => {
    socket.on('error', reject);
    signal.addEventListener('abort', () => reject(new Error('not sent in time')), { once: true });
  });
  failed.catch(() => {});
  try {
    for (const line of lines) {
      const sent = new Promise<void>((resolve, reject) =>
        socket.send(cutTo(line, largest), port, host, (error) => (error ? reject(error) : resolve())),
      );
      await Promise.race([sent, failed]);
    }
    return 'sent by UDP, which nobody confirms';
  } catch (error) {
    throw failure(`${host}:${port}`, error);
  } finally {
    socket.close();
  }
}

async function stream(bytes: Buffer, of: SyslogSettings, protocol: 'tcp' | 'tls', signal: AbortSignal): Promise<void> {
  const { host, ca, serverName = host } = of;
  const port = of.port ?? (protocol === 'tls' ? 6514 : 514);
  const trusted =
    ca === undefined
      ? undefined
      : await readFile(ca).catch((error: unknown) => {
          throw new DeliveryError(`cannot read the authorities in ${ca}: ${messageOf(error)}`, { cause: error });
        });
  return new Promise((resolve, reject) => {
    const name = isIP(serverName) ? {} : { servername: serverName };
    const socket: Socket =
      protocol === 'tcp'
        ? connectTcp({ host, port })
        : connectTls({ host, port, ...name, ...(trusted ? { ca: trusted } : {}) });
    let patience: NodeJS.Timeout | undefined;
    const onAbort = () => socket.destroy(new Error('not taken in time'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    let flushed = false;
    socket.on('error', (error) => reject(failure(`${host}:${port}`, error)));
    socket.on('close', () => {
      clearTimeout(patience);
      signal.removeEventListener('abort', onAbort);
      // After an error this says nothing more.
      if (flushed) resolve();
      else reject(failure(`${host}:${port}`, new Error('it closed the connection before it had taken all')));
    });
    // What it says is not listened to, but must be read for its end to be seen.
    socket.resume();
    socket.once(protocol === 'tcp' ? 'connect' : 'secureConnect', () => {
      socket.end(bytes, () => {
        flushed = true;
        patience = setTimeout(() => socket.destroy(), closing);
      });
    });
  });
}

/** A certificate that is not trusted stays so; all else may pass. */
function failure(where: string, error: unknown): DeliveryError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const transient = !/CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|ISSUER/.test(code);
  return new DeliveryError(`the syslog receiver ${where} took it not: ${plain(`${code} ${messageOf(error)}`, 200)}`, {
    ...{ transient, cause: error },
  });
}
