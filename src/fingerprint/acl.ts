/** Tags of an entry: linux/posix_acl.h. */
const tags: Record<number, string> = { 1: 'user', 2: 'user', 4: 'group', 8: 'group', 16: 'mask', 32: 'other' };

/**
 * An access control list in the text form of acl(5), `user::rw-,user:1000:rw-,...`, from the hex of its extended attribute
 * (a version of 4 bytes, 2; then tag, permissions and id of each entry in 2, 2 and 4 bytes, little endian).
 */
export function aclText(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  const entries: string[] = [];
  for (let at = 4; at + 8 <= bytes.length; at += 8) {
    const [tag, bits, id] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2), bytes.readUInt32LE(at + 4)];
    const who = tag === 2 || tag === 8 ? String(id) : '';
    const rights = `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 1 ? 'x' : '-'}`;
    entries.push(`${tags[tag] ?? `tag ${tag}`}:${who}:${rights}`);
  }
  return entries.join(',');
}
