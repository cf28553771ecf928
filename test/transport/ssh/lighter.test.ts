import { KeyObject } from 'node:crypto';
import { Duplex } from 'node:stream';
import ssh2, { type CipherAlgorithm } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { holdKeys, inOnePiece } from '../../../src/transport/ssh/lighter.ts';
import { type FakeServer, startFake } from './fake-server.ts';

let fake: FakeServer | undefined;
let server: ssh2.Connection | undefined;
afterEach(() => fake?.stop());

/** What ssh2 makes the ciphers of both directions from. */
function keysOf(client: ssh2.Client): unknown[] {
  const { _cipher, _decipher } = (client as unknown as { _protocol: Record<string, Record<string, unknown>> })
    ._protocol;
  return [_cipher?.['_encKey'], _decipher?.['_decipherKey']];
}

function said(client: ssh2.Client, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error);
      let text = '';
      channel.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      channel.on('close', () => resolve(text));
      channel.end();
    });
  });
}

async function meet(cipher: CipherAlgorithm): Promise<ssh2.Client> {
  fake = await startFake({
    authenticate: (context, connection) => {
      server = connection;
      context.accept();
    },
  });
  const client = new ssh2.Client();
  client.on('handshake', () => holdKeys(client));
  const ready = new Promise<void>((resolve, reject) => client.once('ready', resolve).once('error', reject));
  client.connect({ host: '127.0.0.1', port: fake.port, username: 'u', algorithms: { cipher: [cipher] } });
  await ready;
  return client;
}

describe('keys as key objects', () => {
  it('are what ssh2 makes its ciphers from, and both sides understand each other, after an exchange of keys too', async () => {
    const client = await meet('aes128-gcm@openssh.com');
    expect(keysOf(client).map((key) => key instanceof KeyObject)).toEqual([true, true]);
    expect(await said(client, 'echo before')).toBe('before\n');
    const first = keysOf(client);
    await new Promise<void>((resolve) => server?.rekey(() => resolve()));
    expect(await said(client, 'echo after')).toBe('after\n');
    expect(keysOf(client).map((key) => key instanceof KeyObject)).toEqual([true, true]);
    expect(keysOf(client)).not.toContain(first[0]);
    client.end();
  });

  it.each(['aes128-ctr', 'chacha20-poly1305@openssh.com'] as const)('leave %s as it is', async (cipher) => {
    const client = await meet(cipher);
    expect(keysOf(client)).toEqual([undefined, undefined]);
    expect(await said(client, 'echo so')).toBe('so\n');
    client.end();
  });

  it('are left alone in a client that does not hold them so', () => {
    expect(() => holdKeys({} as ssh2.Client)).not.toThrow();
    expect(() => holdKeys({ _protocol: { _cipher: { _encKey: 7 } } } as unknown as ssh2.Client)).not.toThrow();
  });
});

describe('what is written while something that came is worked on', () => {
  it('is sent in one piece, and what is written later is not held back', async () => {
    const sent: string[] = [];
    const socket = new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        sent.push(String(chunk));
        done();
      },
      writev(chunks, done) {
        sent.push(chunks.map(({ chunk }) => String(chunk)).join('+'));
        done();
      },
    });
    socket.on('data', () => {
      for (const part of ['head', 'body', 'tag']) socket.write(part);
    });
    inOnePiece(socket);
    socket.push('a question');
    await expect.poll(() => sent).toEqual(['head+body+tag']);
    socket.write('later');
    expect(sent).toEqual(['head+body+tag', 'later']);
  });
});
