import { createSecretKey } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';

/** What ssh2 keeps to itself: the two directions of AES-GCM, each with the key that it makes a cipher from for every packet. */
interface Insides {
  _protocol?: { _cipher?: { _encKey?: unknown }; _decipher?: { _decipherKey?: unknown } };
}

/**
 * Gives ssh2 its session keys as key objects. It makes a cipher for each packet, and Node takes bytes apart anew each time:
 * 14 microseconds a packet in place of 4. To be called after each exchange of keys; another ssh2 keeps its bytes.
 */
export function holdKeys(client: Client): void {
  const { _cipher: out, _decipher: back } = (client as unknown as Insides)._protocol ?? {};
  if (out && Buffer.isBuffer(out._encKey)) out._encKey = createSecretKey(out._encKey);
  if (back && Buffer.isBuffer(back._decipherKey)) back._decipherKey = createSecretKey(back._decipherKey);
}

/**
 * Sends what is written while something that came is worked on in one piece: ssh2 writes a packet in three, and each would
 * be a call of the system, a segment on the wire, and a server that wakes up. To be called after ssh2 listens.
 */
export function inOnePiece(socket: Duplex): void {
  socket.prependListener('data', () => {
    socket.cork();
    process.nextTick(() => socket.uncork());
  });
}
