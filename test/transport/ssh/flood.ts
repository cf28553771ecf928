import { createServer, type Socket } from 'node:net';
import type { Connection } from 'ssh2';

/** What ssh2 keeps to itself: how a packet is made and sent. */
interface Insides {
  _protocol: {
    _packetRW: { write: { allocStart: number; alloc(length: number): Buffer; finalize(packet: Buffer): Buffer } };
    _cipher: { encrypt(packet: Buffer): void };
    _kexinit: unknown;
    rekey(): void;
  };
  _sock: Socket;
}

const insides = (connection: Connection) => connection as unknown as Insides;

/** Sends any message at all, as the server of an SSH connection that is up; `payload` begins with the number of the message. */
export function sendRaw(connection: Connection, payload: Buffer): void {
  const { _packetRW: packets, _cipher: cipher } = insides(connection)._protocol;
  const packet = packets.write.alloc(payload.length);
  payload.copy(packet, packets.write.allocStart);
  cipher.encrypt(packets.write.finalize(packet));
}

/** Sends messages as fast as the socket takes them, until it is gone. `deaf`: nothing that comes back is read any more. */
export function flood(connection: Connection, next: () => Buffer, deaf = false): void {
  const { _sock: socket } = insides(connection);
  const pour = (): void => {
    if (!socket.writable) return;
    if (deaf) socket.pause();
    // One write for all of them: it is the caller's time that counts here, not ours.
    socket.cork();
    for (let i = 0; i < 500; i++) sendRaw(connection, next());
    socket.uncork();
    if (socket.writableLength < 2 ** 20) setImmediate(pour);
    else socket.once('drain', pour);
  };
  pour();
}

/** A key exchange as soon as the one before is done. */
export function rekeyOften(connection: Connection): void {
  const { _protocol: protocol, _sock: socket } = insides(connection);
  const again = (): void => {
    if (!socket.writable) return;
    if (protocol._kexinit === undefined) protocol.rekey();
    setImmediate(again);
  };
  again();
}

/** Fields of SSH (RFC 4251): a number of 32 bits, a string with its length. */
export const uint32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(n >>> 0);
  return bytes;
};
export const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string, 'latin1');
  return Buffer.concat([uint32(bytes.length), bytes]);
};
export const message = (number: number, ...fields: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([number]), ...fields]);

/** A packet before there is a cipher: RFC 4253, section 6. */
export function plainPacket(payload: Buffer): Buffer {
  const padding = 8 - ((payload.length + 5) % 8) + 8;
  return Buffer.concat([uint32(payload.length + padding + 1), Buffer.from([padding]), payload, Buffer.alloc(padding)]);
}

/** A port where raw bytes are poured without end, behind `first`; `stop` shuts it. */
export async function pourRaw(first: Buffer, chunk: Buffer) {
  const sockets = new Set<Socket>();
  const sent = { bytes: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.resume();
    socket.write(first);
    const pour = (): void => {
      sent.bytes += chunk.length;
      if (socket.writable) socket.write(chunk, pour);
    };
    pour();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    sent,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
