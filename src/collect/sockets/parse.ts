import { endianness } from 'node:os';
import { escapeName } from '../../core/bytes.ts';

/** States of /proc/net/tcp (include/net/tcp_states.h): 0A = LISTEN; a bound, unconnected UDP socket is 07 = CLOSE. */
const states: Record<string, string> = { tcp: '0A', tcp6: '0A', udp: '07', udp6: '07', raw: '07', raw6: '07' };

/** Ports of the kernel's default ephemeral range: a client's UDP socket, which comes and goes. */
const ephemeral = { from: 32_768, to: 60_999 };

/** A socket as a table of /proc/net says it. */
export interface ListedSocket {
  proto: string;
  address: string;
  /** For raw sockets the protocol of IP, for packet sockets that of Ethernet (3 = all). */
  port: number;
  inode: string;
}

/** Lines of /proc/net/{tcp,tcp6,udp,udp6,raw,raw6,packet,sctp/eps} to listening sockets. Addresses are printed as 32-bit words in host order. */
export function parseProcNet(proto: string, text: string): ListedSocket[] {
  if (proto === 'packet') return parsePacket(text);
  if (proto === 'sctp') return parseSctp(text);
  const found: ListedSocket[] = [];
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

/** /proc/net/packet (net/packet/af_packet.c): `sk RefCnt Type Proto Iface R Rmem User Inode`, the protocol in hexadecimal. */
function parsePacket(text: string): ListedSocket[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [, , , proto = '', , , , , inode = ''] = fields;
    if (fields.length < 9 || !/^[0-9a-f]{4}$/.test(proto) || !/^\d+$/.test(inode)) return [];
    return [{ proto: 'packet', address: '*', port: Number.parseInt(proto, 16), inode }];
  });
}

/** /proc/net/sctp/eps (net/sctp/proc.c): `ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS`; SST 10 = listening. */
function parseSctp(text: string): ListedSocket[] {
  return text.split('\n').flatMap((line) => {
    const [, , , state, , port = '', , inode = '', address = '*'] = line.trim().split(/\s+/);
    if (state !== '10' || !/^\d{1,5}$/.test(port) || !/^\d+$/.test(inode) || !/^[0-9a-fA-F.:*]+$/.test(address))
      return [];
    return [{ proto: 'sctp', address, port: Number(port), inode }];
  });
}

/** /proc/net/unix (proc(5)): names of listening sockets (flag 00010000) that begin with `@`, each once. */
export function parseAbstract(text: string): string[] {
  const names = text.split('\n').flatMap((line) => /^\S+ \S+ \S+ 00010000 \S+ \S+ +\d+ (@.*)$/.exec(line)?.[1] ?? []);
  return [...new Set(names)].map(escapeName).sort();
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
