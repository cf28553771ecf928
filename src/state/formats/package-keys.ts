import { createHash } from 'node:crypto';
import type { Format, StateFact } from '../format.ts';
import { baseName, bytesOf } from '../text.ts';

/** Keys that packages are signed with: by fingerprint where the key is a text, by name where it is not. */
export const packageKeys: Format = {
  name: 'package-keys',
  about: 'keys that may sign packages: OpenPGP fingerprint of an armoured key, else the name of its file',
  paths: [
    '/etc/apt/trusted.gpg',
    '/etc/apt/{trusted.gpg.d,keyrings}/*',
    '/usr/share/keyrings/*',
    '/etc/pki/rpm-gpg/*',
    '/etc/apk/keys/*',
  ],
  facts(file) {
    const print = file.text === undefined ? undefined : fingerprint(file.text);
    const reason = 'whoever holds it signs packages that this server installs';
    const fact: StateFact = print
      ? { kind: 'key', subject: `package key ${print}`, value: '', reason }
      : { kind: 'key', subject: `package key file ${baseName(file.path)}`, value: bytesOf(file), reason };
    return [fact];
  },
};

/**
 * Fingerprint of a version 4 primary key (RFC 9580, 5.5.4.2: SHA-1 over 0x99, two octets of length and the packet) of
 * an armour that holds one primary key; undefined for anything else.
 */
function fingerprint(text: string): string | undefined {
  const body = armour(text);
  if (body === undefined) return undefined;
  const bytes = Buffer.from(body, 'base64');
  const prints: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const packet = packetAt(bytes, at);
    if (!packet) return undefined;
    if (packet.tag === 6) {
      const key = bytes.subarray(packet.begin, packet.end);
      if (key[0] !== 4) return undefined;
      const head = Buffer.from([0x99, key.length >> 8, key.length & 0xff]);
      prints.push(createHash('sha1').update(head).update(key).digest('hex').toUpperCase());
    }
    at = packet.end;
  }
  return prints.length === 1 ? prints[0] : undefined;
}

/** Base64 between the empty line after the head and the checksum or the end; undefined where there is not one armour. */
function armour(text: string): string | undefined {
  const all = text.split('\n').map((line) => line.trim());
  const begin = all.indexOf('-----BEGIN PGP PUBLIC KEY BLOCK-----');
  const end = all.indexOf('-----END PGP PUBLIC KEY BLOCK-----', begin);
  const empty = all.indexOf('', begin);
  if (begin < 0 || empty < 0 || end < empty || all.indexOf('-----BEGIN PGP PUBLIC KEY BLOCK-----', begin + 1) >= 0)
    return undefined;
  return all
    .slice(empty + 1, end)
    .filter((line) => !line.startsWith('='))
    .join('');
}

/** Header of an OpenPGP packet, old or new form (RFC 9580, 4.2); no partial lengths, which keys do not have. */
function packetAt(bytes: Buffer, at: number): { tag: number; begin: number; end: number } | undefined {
  const first = bytes[at] ?? 0;
  const one = bytes[at + 1] ?? 0;
  if ((first & 0x80) === 0) return undefined;
  let tag = first & 0x3f;
  let begin: number;
  let length: number;
  if (first & 0x40) {
    if (one >= 224 && one < 255) return undefined;
    const size = one < 192 ? 1 : one < 224 ? 2 : 5;
    begin = at + 1 + size;
    if (begin > bytes.length) return undefined;
    length =
      size === 1 ? one : size === 2 ? ((one - 192) << 8) + (bytes[at + 2] ?? 0) + 192 : bytes.readUInt32BE(at + 2);
  } else {
    tag = (first >> 2) & 0x0f;
    const size = [1, 2, 4][first & 3];
    if (size === undefined || at + 1 + size > bytes.length) return undefined;
    begin = at + 1 + size;
    length = bytes.readUIntBE(at + 1, size);
  }
  return begin + length > bytes.length ? undefined : { tag, begin, end: begin + length };
}
