import type { Cursor } from './cursor.ts';

const failed = 'h 1 snowfence: not every file of this batch could be hashed\0';
const done = 'h 0\0';

/** Digests of a batch of `n` files, hex; undefined when the batch is void. `head` is its `H n b|t` record. */
export function readDigests(head: string, n: number, cursor: Cursor): string[] | undefined {
  const match = /^H (\d+) ([bt])$/.exec(head);
  // 0: there is no hasher.
  if (!match || (match[1] !== '0' && Number(match[1]) !== n)) {
    cursor.garbled = true;
    return undefined;
  }
  return match[2] === 'b' ? binary(n, cursor) : lines(Number(match[1]), n, cursor);
}

/** Raw digests: void when the trailer does not stand right behind n of them. */
function binary(n: number, cursor: Cursor): string[] | undefined {
  const end = cursor.at + n * 32;
  if (cursor.text.startsWith(done, end)) {
    const hex = cursor.bytes.toString('hex', cursor.at, end);
    cursor.at = end + done.length;
    return Array.from({ length: n }, (_, i) => hex.slice(i * 64, i * 64 + 64));
  }
  const trailer = cursor.text.indexOf(failed, cursor.at);
  cursor.garbled ||= trailer < 0;
  cursor.at = trailer < 0 ? cursor.text.length : trailer + failed.length;
  return undefined;
}

/** Hex lines, one a file; coreutils puts a backslash first when it had to escape the name. None at all = no hasher there. */
function lines(said: number, n: number, cursor: Cursor): string[] | undefined {
  const found = (cursor.record() ?? '').split('\n', n + 2).filter(Boolean);
  if (cursor.record() !== 'h 0') return undefined;
  if (said === 0) return new Array<string>(n).fill('?');
  const digests = found.map((line) => (line.startsWith('\\') ? line.slice(1, 65) : line.slice(0, 64)));
  return digests.length === n && digests.every((d) => /^[0-9a-f]{64}$/.test(d)) ? digests : undefined;
}
