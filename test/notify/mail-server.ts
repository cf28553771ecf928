import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A mail as it came. */
export interface Mail {
  from: string;
  to: string[];
  text: string;
  user: string | undefined;
  secure: boolean;
}

/** A real SMTP server on loopback that keeps what it is sent. */
export class MailServer implements AsyncDisposable {
  readonly mails: Mail[] = [];
  readonly #server: SMTPServer;

  constructor(options: SMTPServerOptions = {}) {
    this.#server = new SMTPServer({
      ...{ disableReverseLookup: true, logger: false, authOptional: true, closeTimeout: 100 },
      onAuth: (auth, _session, done) =>
        auth.username === 'scanner' && auth.password === 'pass-word-1'
          ? done(null, { user: auth.username })
          : done(new Error('who are you')),
      onData: (stream, session, done) => {
        const parts: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => parts.push(chunk));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          this.mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            text: Buffer.concat(parts).toString('utf8'),
            user: session.user,
            secure: session.secure,
          });
          done();
        });
      },
      ...options,
    });
    // What a client that goes away leaves behind is no failure of the test.
    this.#server.on('error', () => {});
  }

  async listen(): Promise<number> {
    const { server } = this.#server;
    this.#server.listen(0, '127.0.0.1');
    if (!server.listening) await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
