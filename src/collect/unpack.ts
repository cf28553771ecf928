import { gunzipSync } from 'node:zlib';

/** Most that is unpacked, bytes: the questions send less than 80,000 of a file. */
const maxOutputLength = 1_000_000;

/** Hexadecimal digits of a file, which may be packed by gzip; garbage gives nothing. */
export function unpack(hex: string): Buffer {
  const bytes = Buffer.from(hex.trim(), 'hex');
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== 0x1f8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength });
  } catch {
    return Buffer.alloc(0);
  }
}
