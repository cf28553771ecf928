import { endianness } from 'node:os';

/** States of /proc/net/tcp (include/net/tcp_states.h): 0A = LISTEN; a bound, unconnected UDP socket is 07 = CLOSE. */
const states: Record<string, string> = { tcp: '0A', tcp6: '0A', udp: '07', udp6: '07' };

/** Ports of the kernel's default ephemeral range: a client's UDP socket, which comes and goes. */
const ephemeral = { from: 32_768, to: 60_999 };

/** Lines of /proc/net/{tcp,tcp6,udp,udp6} to listening sockets. Addresses are printed as 32-bit words in host order. */
export function parseProcNet(
  proto: string,
  text: string,
): { proto: string; address: string; port: number; inode: string }[] {
  const found: { proto: string; address: string; port: number; inode: string }[] = [];
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const [address, port] = (fields[1] ?? '').split(':');
    const inode = fields[9];
    if (fields[3] !== states[proto] || !address || !port || !inode || !/^\d+$/.test(inode)) continue;
    const number = Number.parseInt(port, 16);
    if (proto.startsWith('udp') && number >= ephemeral.from && number <= ephemeral.to) continue;
    const printed = printAddress(address);
    if (printed !== undefined) found.push({ proto, address: printed, port: number, inode });
  }
  return found;
}

/** Every target we know is little-endian but s390x; its kernel prints what the same bytes are there. */
export function printAddress(hex: string, little = endianness() === 'LE'): string | undefined {
  if (!/^([0-9A-Fa-f]{8}|[0-9A-Fa-f]{32})$/.test(hex)) return undefined;
  const bytes = Buffer.from(hex, 'hex');
  if (little) for (let i = 0; i < bytes.length; i += 4) bytes.subarray(i, i + 4).reverse();
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2));
  if (words.slice(0, 5).every((w) => w === 0) && words[5] === 0xffff) return `::ffff:${bytes.subarray(12).join('.')}`;
  // The URL parser of the platform writes IPv6 as RFC 5952 wants it.
  return new URL(`http://[${words.map((w) => w.toString(16)).join(':')}]/`).hostname.slice(1, -1);
}
