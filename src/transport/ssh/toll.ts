import type { Duplex } from 'node:stream';

/** What a server may send before it lets us in: two keys, a few algorithms, a page of legal text. Bytes. */
export const beforeLogin = 1024 * 1024;

/** What a server may send beside the output of the program, and how many times the output the rest of it may come to. Bytes. */
const [beside, packing] = [4 * 1024 * 1024, 8];

/** A key exchange costs us more than its bytes: it counts as so many. */
const exchange = 64 * 1024;

/** What may wait for a server that does not take it: our program and list are less; our replies may not grow in memory. Bytes. */
const unread = 16 * 1024 * 1024;

/** What comes over a connection, whatever it is: messages of the protocol are no output, and so no limit of an answer sees them. */
export class Toll {
  private total = 0;
  private output = 0;
  private free = 0;
  private letIn = false;
  private readonly socket: Duplex;
  /** Called, maybe again and again, when the server sends without end or does not listen. */
  onOver: () => void = () => {};

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.add(chunk.length));
  }

  /** From now on by what the program says; earlier bytes are forgiven. */
  enter(): void {
    this.letIn = true;
    this.free = this.total;
  }

  /** So many bytes of it were output. */
  heard(bytes: number): void {
    this.output += bytes;
  }

  /** Keys were exchanged. */
  exchanged(): void {
    this.add(exchange);
  }

  private add(bytes: number): void {
    this.total += bytes;
    const most = this.letIn ? this.free + beside + this.output * packing : beforeLogin + exchange;
    if (this.total > most || this.socket.writableLength > unread) this.onOver();
  }
}
